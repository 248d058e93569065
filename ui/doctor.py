"""What `omnipersona doctor` looks at: Python, packages, model, data folder, browser page.

Knows how each can be missing and the command that mends it. Changes nothing.
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

_PACKAGES: Final = ("torch", "transformers", "langgraph", "chainlit", "chromadb", "peft")
_MIN_FREE: Final = 500 * 2**20


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
    return [_python(), *_packages(), _model(settings.model), *_data(settings.data)]


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


def _model(name_or_path: str) -> Finding:
    from omnipersona.model.errors import ModelError
    from omnipersona.model.runtime import load_model

    try:
        model = load_model(name_or_path)
    except ModelError as error:
        return Finding("model", False, str(error))
    info = model.describe()
    model.close()
    return Finding("model", True, f"{info.name} on {info.device}, {info.dtype}. {info.world}")


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
