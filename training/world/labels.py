"""What every cell of a picture shows, as labels for training.

Two scenes differ only where their contents do, so a part covers the pixels that change when it is
taken away. Knows scenes and their pixels. Does not know the network.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from omnipersona.model.vision.images import to_pixels
from omnipersona.training.world.render import render
from omnipersona.training.world.scene import (
    ACCESSORIES,
    COLORS,
    EYE_COLORS,
    FACINGS,
    OBJECTS,
    PATTERNS,
    PLACES,
    POSES,
    PROPORTIONS,
    SPECIES,
    Figure,
    Identity,
    Scene,
    with_accessory,
    with_figure,
    with_thing,
    without_figure,
)

_GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "place": PLACES,
    "species": SPECIES,
    "color": tuple(COLORS),
    "pattern": PATTERNS,
    "pattern color": tuple(COLORS),
    "eye color": EYE_COLORS,
    "proportion": PROPORTIONS,
    "pose": POSES,
    "facing": FACINGS,
    "accessory": ACCESSORIES,
    "accessory color": tuple(COLORS),
    "object": OBJECTS,
    "object color": tuple(COLORS),
}
LABELS: Final = tuple((group, word) for group, words in _GROUPS.items() for word in words)
LOOKS: Final = tuple(
    (group, word)
    for group, word in LABELS
    if group in ("species", "color", "pattern", "pattern color", "eye color", "proportion")
)
"""Labels that are true of a character wherever it is."""
TRAITS: Final = ("species", "color", "pattern", "pattern color", "eye color", *PROPORTIONS)
"""What two characters may differ in."""

_CLOTHES: Final = 5.0  # how much more they count than their few cells would

_AT: Final = {label: i for i, label in enumerate(LABELS)}
_PLACES: Final = [_AT["place", place] for place in PLACES]
_WORN: Final = [_AT["accessory", accessory] for accessory in ACCESSORIES]


@dataclass(frozen=True, slots=True)
class Shown:
    """A rendered scene.

    Attributes:
        pixels: (3, Y, X) in [-1, 1].
        covered: (labels, Y, X), 1 where what a label names is visible; where a figure is, its
            proportions in [0, 1].
        figures: Of each figure (Y, X), 1 where it is.
    """

    pixels: Tensor
    covered: Tensor
    figures: tuple[Tensor, ...]

    def cells(self, rows: int, columns: int) -> Tensor:
        """Return (rows * columns, labels): which share of each cell a label covers."""
        return _pooled(self.covered, rows, columns).T

    def foreground(self, rows: int, columns: int) -> Tensor:
        """Return (rows * columns,): which share of each cell is not the place itself.

        Clothes are small and asked for by name, so theirs is multiplied.
        """
        behind, worn = (
            _pooled(self.covered[labels].sum(0, keepdim=True), rows, columns)[0]
            for labels in (_PLACES, _WORN)
        )
        return 1.0 - behind + _CLOTHES * worn

    def of_figure(self, index: int, rows: int, columns: int) -> Tensor:
        """Return (rows * columns,): which share of each cell a figure covers."""
        return _pooled(self.figures[index][None].float(), rows, columns)[0]

    def changed_from(self, other: "Shown", rows: int, columns: int) -> Tensor:
        """Return (rows * columns,): which share of each cell looks otherwise there."""
        changed = (self.pixels != other.pixels).any(0, keepdim=True)
        return _pooled(changed.float(), rows, columns)[0]


def show(scene: Scene, size: int) -> Shown:
    """Render a scene and find what covers what."""
    covered = torch.zeros(len(LABELS), size, size)
    behind = torch.ones(size, size)
    figures = list[Tensor]()

    def mark(without: Scene, words: Mapping[tuple[str, str], float]) -> Tensor:
        changed = torch.from_numpy((_pixels(scene, size) != _pixels(without, size)).any(-1))
        for label, share in words.items():
            covered[_AT[label]] += share * changed
        return changed

    for i, figure in enumerate(scene.figures):
        figures.append(mark(without_figure(scene, i), _words(figure)))
        behind[figures[-1]] = 0.0
        who, worn = figure.identity, figure.accessory
        if who.pattern_color is not None:
            plain = replace(who, pattern="plain", pattern_color=None)
            without = with_figure(scene, replace(figure, identity=plain), i)
            mark(without, {("pattern color", who.pattern_color): 1.0})
        if worn is not None:
            words = {("accessory", worn.kind): 1.0, ("accessory color", worn.color): 1.0}
            mark(with_accessory(scene, i, None), words)
    if scene.thing is not None:
        thing = scene.thing
        words = {("object", thing.kind): 1.0, ("object color", thing.color): 1.0}
        behind[mark(with_thing(scene, None), words)] = 0.0
    covered[_AT["place", scene.place]] = behind
    return Shown(to_pixels(_picture(scene, size)), covered.clamp(max=1.0), tuple(figures))


def _pooled(covered_LYX: Tensor, rows: int, columns: int) -> Tensor:
    shares = torch.nn.functional.adaptive_avg_pool2d(covered_LYX, (rows, columns))
    return shares.flatten(1)


def looks_of(identity: Identity) -> Tensor:
    """Return (looks,): 1 for what is true of a character, its proportions in [0, 1]."""
    words = _looks(identity)
    return torch.tensor([words.get(label, 0.0) for label in LOOKS])


def differences(one: Identity, other: Identity) -> Tensor:
    """Return (traits,): 1 where two characters differ, of proportions by how much, in [0, 1]."""
    mine, theirs = _looks(one), _looks(other)
    differ = dict.fromkeys(TRAITS, 0.0)
    for group, word in mine.keys() | theirs.keys():
        apart = abs(mine.get((group, word), 0.0) - theirs.get((group, word), 0.0))
        differ[word if group == "proportion" else group] = apart
    return torch.tensor([differ[trait] for trait in TRAITS])


def _looks(who: Identity) -> dict[tuple[str, str], float]:
    words = {
        ("species", who.species): 1.0,
        ("color", who.color): 1.0,
        ("pattern", who.pattern): 1.0,
        ("eye color", who.eye_color): 1.0,
    }
    if who.pattern_color is not None:
        words["pattern color", who.pattern_color] = 1.0
    return words | {("proportion", name): getattr(who, name) for name in PROPORTIONS}


def _words(figure: Figure) -> dict[tuple[str, str], float]:
    """Return what is true of all of a figure; a pattern's colour is only where the pattern is."""
    looks = _looks(figure.identity)
    return {label: share for label, share in looks.items() if label[0] != "pattern color"} | {
        ("pose", figure.pose): 1.0,
        ("facing", figure.facing): 1.0,
    }


def _pixels(scene: Scene, size: int) -> np.ndarray:
    return np.asarray(_picture(scene, size))


@lru_cache(maxsize=8)
def _picture(scene: Scene, size: int) -> Image.Image:
    return render(scene, size)
