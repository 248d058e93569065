"""What every cell of a picture shows, as labels for training.

A scene is drawn once, with an index map of its parts beside it; what a part is called, and which
share of a cell it covers, comes from that. Knows scenes and pixels. Does not know the network.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from omnipersona.model.bagel.images import to_pixels
from omnipersona.training.world.render import (
    BODY,
    PATTERN,
    THING,
    WORN,
    part_of_figure,
    render_with_parts,
)
from omnipersona.training.world.scene import (
    ACCESSORIES,
    COLORS,
    EYE_COLORS,
    FACINGS,
    MAX_FIGURES,
    OBJECTS,
    PATTERNS,
    PLACES,
    POSES,
    PROPORTIONS,
    SPECIES,
    Figure,
    Identity,
    Scene,
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
_NUM_PARTS: Final = THING + 1
_WORN: Final = [part_of_figure(i, WORN) for i in range(MAX_FIGURES)]


@dataclass(frozen=True, slots=True)
class Shown:
    """A rendered scene.

    Attributes:
        pixels: (3, Y, X) in [-1, 1].
        parts: Which part of the scene each pixel belongs to, (Y, X), uint8.
        words: What is true of each part, (parts, labels); proportions in [0, 1].
    """

    pixels: Tensor
    parts: Tensor
    words: Tensor

    def cells(self, rows: int, columns: int) -> Tensor:
        """Return (rows * columns, labels): which share of each cell a label covers."""
        return self._shares(rows, columns) @ self.words

    def foreground(self, rows: int, columns: int) -> Tensor:
        """Return (rows * columns,): which share of each cell is not the place itself.

        Clothes are small and asked for by name, so theirs is multiplied.
        """
        shares = self._shares(rows, columns)
        return 1.0 - shares[:, 0] + _CLOTHES * shares[:, _WORN].sum(-1)

    def of_figure(self, index: int, rows: int, columns: int) -> Tensor:
        """Return (rows * columns,): which share of each cell a figure covers."""
        parts = [part_of_figure(index, part) for part in (BODY, PATTERN, WORN)]
        return self._shares(rows, columns)[:, parts].sum(-1)

    def changed_from(self, other: "Shown", rows: int, columns: int) -> Tensor:
        """Return (rows * columns,): which share of each cell looks otherwise there."""
        changed = (self.pixels != other.pixels).any(0, keepdim=True)
        return adaptive_avg_pool2d(changed.float(), (rows, columns)).flatten()

    def _shares(self, rows: int, columns: int) -> Tensor:
        """Return (rows * columns, parts): which share of each cell a part covers."""
        covered = self.parts == torch.arange(_NUM_PARTS, dtype=torch.uint8)[:, None, None]
        return adaptive_avg_pool2d(covered.float(), (rows, columns)).flatten(1).T


def show(scene: Scene, size: int) -> Shown:
    """Render a scene and find what covers what."""
    image, parts = render_with_parts(scene, size)
    words = torch.zeros(_NUM_PARTS, len(LABELS))

    def say(part: int, told: Mapping[tuple[str, str], float]) -> None:
        for label, share in told.items():
            words[part, _AT[label]] = share

    say(0, {("place", scene.place): 1.0})
    for i, figure in enumerate(scene.figures):
        who, worn = figure.identity, figure.accessory
        for part in (BODY, PATTERN, WORN):
            say(part_of_figure(i, part), _words(figure))
        if who.pattern_color is not None:
            say(part_of_figure(i, PATTERN), {("pattern color", who.pattern_color): 1.0})
        if worn is not None:
            told = {("accessory", worn.kind): 1.0, ("accessory color", worn.color): 1.0}
            say(part_of_figure(i, WORN), told)
    if scene.thing is not None:
        thing = scene.thing
        say(THING, {("object", thing.kind): 1.0, ("object color", thing.color): 1.0})
    return Shown(to_pixels(image), torch.from_numpy(parts.copy()), words)


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
