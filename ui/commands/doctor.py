"""What `omnipersona doctor` looks at: Python, packages, memory, model, stores, data folder.

Knows how each can be missing and the command that mends it. Changes nothing, and loads a model only
where it is small; of a large one it reads the headers.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from omnipersona.agent.settings import Settings
    from omnipersona.model.bagel.config import ModelConfig
    from omnipersona.model.bagel.memory_plan import WeightType, Work
    from omnipersona.model.contract import Weights
    from omnipersona.model.engine.devices import Device

_PACKAGES: Final = ("torch", "transformers", "langgraph", "chainlit", "chromadb", "peft")
_MIN_FREE: Final = 500 * 2**20
_LOADED_UP_TO: Final = 2**30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `text` says how to mend it where it is not ok."""

    name: str
    ok: bool
    text: str

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-able values."""
        return asdict(self)


def examine(settings: "Settings") -> list[Finding]:
    """Look at everything a session needs."""
    memory = _memory(settings.model, settings.weights)
    stores = (*_stores(settings), *_data(settings.data))
    return [_python(), *_packages(), *memory, _model(settings), *stores]


def _python() -> Finding:
    ok = sys.version_info >= (3, 11)
    found = sys.version.split()[0]
    return Finding(
        "python", ok, found if ok else f"{found} is too old; install Python 3.11 or newer"
    )


def _packages() -> Iterator[Finding]:
    for name in _PACKAGES:
        try:
            yield Finding(name, True, version(name))
        except PackageNotFoundError:
            yield Finding(name, False, "is not installed; run: make install")


def _memory(name_or_path: str, weights: "Weights") -> Iterator[Finding]:
    """Compare what the work takes with what this machine has, from the sizes alone."""
    from omnipersona.model.bagel.config import ModelConfig
    from omnipersona.model.bagel.memory_plan import WEIGHT_TYPES, weight_bytes, weight_type, works
    from omnipersona.model.engine.devices import memory_of
    from omnipersona.model.errors import ModelError
    from omnipersona.model.registry import folder_of

    try:
        config = ModelConfig.read(folder_of(name_or_path))
    except ModelError:
        return  # the model's own finding says what is wrong
    device = _device(name_or_path)
    room = memory_of(device.name)
    kind = weight_type(device.dtype_name, weights)
    sizes = (f"{kind} {_size(weight_bytes(config, kind))}" for kind in WEIGHT_TYPES)
    text = (
        f"{', '.join(sizes)} (int8 and nf4 for the decoder's matrices alone, by --weights); "
        f"{device.name} takes {device.dtype_name} and has {_size(room)}"
    )
    yield Finding("weights", True, text)
    for work in works(config):
        yield _fits(config, work, kind, device.name, room)


def _device(name_or_path: str) -> "Device":
    """Return the device that loading would choose."""
    from omnipersona.model.engine.devices import pick_device
    from omnipersona.model.registry import NANO

    return pick_device("cpu" if name_or_path == NANO else "auto")


def _fits(
    config: "ModelConfig", work: "Work", kind: "WeightType", device: str, room: int
) -> Finding:
    from omnipersona.model.bagel.memory_plan import plan

    needed, told = plan(config, work, kind), ""
    if work.kind == "learning" and needed.total > room:
        needed, told = plan(config, work, kind, recomputes=True), " with layers that run twice"
    text = (
        f"{_size(needed.total)} in {kind}{told}: KV cache {_size(needed.kv_cache)}, activations "
        f"{_size(needed.activations)}, autoencoder {_size(needed.autoencoder)}"
    )
    if needed.total <= room:
        return Finding(str(work), True, text)
    smallest = _size(plan(config, work, "nf4", recomputes=True).total)
    text += (
        f"; {device} has {_size(room)}. Take a larger GPU, smaller weights (--weights nf4: "
        f"{smallest}), or the embedded model: --model nano"
    )
    return Finding(str(work), False, text)


def _size(num_bytes: int) -> str:
    if num_bytes < 10**9:
        return f"{num_bytes / 1e6:.1f} MB"
    return f"{num_bytes / 1e9:.1f} GB"


def _model(settings: "Settings") -> Finding:
    from omnipersona.model.bagel.checkpoint.inspect import check_folder
    from omnipersona.model.errors import ModelError
    from omnipersona.model.registry import folder_of, load_model

    try:
        report = check_folder(folder_of(settings.model))
        if report.num_bytes > _LOADED_UP_TO:
            return Finding("model", True, f"complete, not loaded: {report}")
        model = load_model(settings.model, weights=settings.weights, spread=settings.spread)
    except ModelError as error:
        return Finding("model", False, str(error))
    info = model.describe()
    model.close()
    return Finding("model", True, f"{info.name} on {info.device}, {info.dtype}. {info.world}")


def _stores(settings: "Settings") -> Iterator[Finding]:
    from omnipersona.agent.stores import look

    for name, ok, text in look(settings):
        yield Finding(name, ok, text)


def _data(folder: Path) -> Iterator[Finding]:
    existing = folder
    while not existing.exists():
        existing = existing.parent
    writable = os.access(existing, os.W_OK)
    text = str(folder) if writable else f"{folder} cannot be written; choose another with --data"
    yield Finding("data folder", writable, text)
    free = shutil.disk_usage(existing).free
    text = f"{free // 2**20} MB free; {_MIN_FREE // 2**20} MB are needed"
    yield Finding(
        "disk", free > _MIN_FREE, text if free > _MIN_FREE else f"{text}; free some space"
    )
