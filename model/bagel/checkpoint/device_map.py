"""Where the layers of a large model lie: on the first device, on others, or in the host's memory.

A layer that lies elsewhere is run there, or is fetched when it is needed; accelerate's hooks move
what goes in and out. Everything but the layers stays on the first device. Knows sizes and devices.
Does not know files.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from omnipersona.model.bagel.config import ModelConfig
from omnipersona.model.bagel.memory_plan import WeightType, Work, WorkKind, plan, weight_bytes
from omnipersona.model.bagel.omni import OmniModel

HOST: Final = "host"
"""The place of a layer that waits in the host's memory until it is needed."""

_SHARE: Final = 0.9
_RESERVED: Final[tuple[WorkKind, ...]] = ("drawing", "editing")


def spread_layers(
    config: ModelConfig, kind: WeightType, rooms: Sequence[tuple[str, int]]
) -> tuple[str, ...]:
    """Return the place of each layer: the first device that still has room, at the end the host.

    Args:
        config: Sizes.
        kind: Type of the experts' matrices.
        rooms: Devices and their bytes; the first also holds everything else and does the work.
    """
    count = config.text.num_hidden_layers
    layer = _layer_bytes(config, kind)
    work = max(
        plan(config, Work(kind=name, size=config.image_size), kind).total for name in _RESERVED
    )
    found: list[str] = []
    for i, (device, room) in enumerate(rooms):
        free = _SHARE * room - (work - count * layer if i == 0 else 0)
        found += [device] * max(0, int(free // layer))
    return tuple([*found, *[HOST] * count][:count])


def _layer_bytes(config: ModelConfig, kind: WeightType) -> int:
    one, two = (_with_layers(config, n) for n in (1, 2))
    return weight_bytes(two, kind) - weight_bytes(one, kind)


def _with_layers(config: ModelConfig, count: int) -> ModelConfig:
    return replace(config, text=replace(config.text, num_hidden_layers=count))


def attach(model: OmniModel, main: str, layers: Sequence[str]) -> None:
    """Let layers that lie elsewhere take part in a model whose work is done on `main`.

    Layers on the host are fetched for each call, so learning has to run them twice.
    """
    # A second to import, and few need it.
    from accelerate import cpu_offload  # type: ignore[import-untyped]  # noqa: PLC0415
    from accelerate.hooks import (  # type: ignore[import-untyped]  # noqa: PLC0415
        AlignDevicesHook,
        add_hook_to_module,
    )

    for layer, device in zip(model.decoder.layers, layers, strict=True):
        if device == HOST:
            cpu_offload(layer, execution_device=main)
        elif device != main:
            add_hook_to_module(layer, AlignDevicesHook(device, io_same_device=True))
    model.decoder.recomputes = HOST in layers
