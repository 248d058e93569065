"""What every cell of a picture shows, as labels for training.

Two scenes differ only where their contents do, so a part covers the pixels that change when it is
taken away. Knows scenes and their pixels. Does not know the network.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import torch
from torch import Tensor

from omnipersona.model.nano.render import render
from omnipersona.model.nano.world import (
    ACCESSORIES,
    COLORS,
    OBJECTS,
    PATTERNS,
    POSES,
    SPECIES,
    Scene,
    with_accessory,
    with_thing,
    without_figure,
)
from omnipersona.model.vision.images import to_pixels

_GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "species": SPECIES,
    "color": tuple(COLORS),
    "pattern": PATTERNS,
    "pose": POSES,
    "accessory": ACCESSORIES,
    "accessory color": tuple(COLORS),
    "object": OBJECTS,
    "object color": tuple(COLORS),
}
LABELS: Final = tuple((group, word) for group, words in _GROUPS.items() for word in words)
_AT: Final = {label: i for i, label in enumerate(LABELS)}


@dataclass(frozen=True, slots=True)
class Shown:
    """A rendered scene.

    Attributes:
        pixels: (3, Y, X) in [-1, 1].
        covered: (labels, Y, X), 1 where what a label names is visible.
    """

    pixels: Tensor
    covered: Tensor

    def cells(self, rows: int, columns: int) -> Tensor:
        """Return (rows * columns, labels): which share of each cell a label covers."""
        shares = torch.nn.functional.adaptive_avg_pool2d(self.covered, (rows, columns))
        return shares.flatten(1).T


def show(scene: Scene, size: int) -> Shown:
    """Render a scene and find what covers what."""
    covered = torch.zeros(len(LABELS), size, size)

    def mark(without: Scene, **labels: str) -> None:
        changed = torch.from_numpy((_pixels(scene, size) != _pixels(without, size)).any(-1))
        for group, word in labels.items():
            covered[_AT[group.replace("_", " "), word]] += changed

    for i, figure in enumerate(scene.figures):
        who = figure.identity
        mark(
            without_figure(scene, i),
            species=who.species,
            color=who.color,
            pattern=who.pattern,
            pose=figure.pose,
        )
        if figure.accessory is not None:
            worn = figure.accessory
            mark(with_accessory(scene, i, None), accessory=worn.kind, accessory_color=worn.color)
    if scene.thing is not None:
        thing = scene.thing
        mark(with_thing(scene, None), object=thing.kind, object_color=thing.color)
    return Shown(to_pixels(render(scene, size)), covered.clamp(max=1.0))


@lru_cache(maxsize=8)
def _pixels(scene: Scene, size: int) -> np.ndarray:
    return np.asarray(render(scene, size))
