"""Drawings of two nameless characters from held-out captions: does each get its own looks?

Captions do not tell who stands on the left, so the better of both orders counts. A colour counts
only on the animal that it was asked for. Knows captions and the reader's words.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image

from omnipersona.bench.asking import Asker
from omnipersona.bench.drawings import (
    judge_figure,
    judge_scene,
    named_of_figure,
    named_of_scene,
)
from omnipersona.bench.reader import Reader
from omnipersona.bench.rows import GroupedTally, Row, Tally
from omnipersona.bench.sample import Section, within
from omnipersona.bench.traits import Reading
from omnipersona.training.corpus.captions import free_caption
from omnipersona.training.world.scene import Scene, sample_identity, sample_scene

_ORDERS: Final = ((0, 1), (1, 0))
_COAT: Final = ("pattern", "pattern color")
_DETAILS: Final = ("species", "color", "coat")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is right in a picture of two.

    Attributes:
        both_there: Two figures are in it.
        scene: By detail of the scene that the caption names.
        figures: By detail that it names of either figure, in the better order.
    """

    both_there: bool
    scene: dict[str, bool]
    figures: tuple[dict[str, bool], ...]

    @property
    def all_right(self) -> bool:
        """All that the caption names."""
        return self.both_there and all(all(one.values()) for one in (self.scene, *self.figures))


def sample_two(seed: int, i: int) -> tuple[Scene, str]:
    """Return scene `i` of two characters, and a held-out caption of it."""
    rng = random.Random(f"{seed} two characters {i}")
    scene = sample_scene(rng, [sample_identity(rng), sample_identity(rng)])
    return scene, free_caption(scene, {}, rng, "held_out")


def told_of_each(scene: Scene, text: str) -> tuple[str, str]:
    """Return what a lower-case caption tells of either character of a scene.

    It is cut at the "and" before the second one; where that one is misspelt, nothing is told.
    """
    second = scene.figures[1].identity
    nouns = (
        f"{second.color} {second.species}",
        f"{second.color} {second.pattern} {second.species}",
    )
    start = max(text.rfind(noun) for noun in nouns)
    cut = text.rfind(" and ", 0, max(start, 0))
    return (text[:cut], text[cut:]) if cut >= 0 else ("", "")


def judge_two(scene: Scene, caption: str, reading: Reading) -> Verdict:
    """Judge the reading of a picture by what its caption names."""
    text = caption.lower()
    named = [
        [detail for detail, is_named in named_of_figure(figure, told).items() if is_named]
        for figure, told in zip(scene.figures, told_of_each(scene, text), strict=True)
    ]
    orders = (
        tuple(judge_figure(scene, i, named[i], reading, place) for i, place in enumerate(order))
        for order in _ORDERS
    )
    of_scene = [detail for detail, is_named in named_of_scene(scene, text).items() if is_named]
    return Verdict(
        both_there=reading["count"] == "2",
        scene=judge_scene(scene, of_scene, reading),
        figures=max(orders, key=_closeness),
    )


def _closeness(figures: Sequence[dict[str, bool]]) -> tuple[int, int]:
    """Return by what the order is chosen: the animals, then all else."""
    animals = sum(one.get("species", False) for one in figures)
    return animals, sum(sum(one.values()) for one in figures)


def judge_twos(
    items: Sequence[tuple[Scene, str]], images: Sequence[Image.Image], reader: Reader
) -> tuple[Tally, GroupedTally]:
    """Judge pictures against their captions.

    Returns: Hits by picture, `both there` and `all`; and by figure, `species`, `color` and `coat`.
    """
    pictures, figures = Tally(), GroupedTally()
    for i, (item, reading) in enumerate(zip(items, reader.read(images), strict=True)):
        verdict = judge_two(*item, reading)
        pictures.add("both there", verdict.both_there)
        pictures.add("all", verdict.all_right)
        for hits in verdict.figures:
            coat = [hits[detail] for detail in _COAT if detail in hits]
            told = {detail: hits[detail] for detail in ("species", "color") if detail in hits}
            for detail, hit in (told | ({"coat": all(coat)} if coat else {})).items():
                figures.add(detail, str(i), hit)
    return pictures, figures


def two_rows(asker: Asker, reader: Reader, section: Section, seed: int) -> list[Row]:
    """Draw held-out captions of two and return what is right by picture and by figure."""
    items: list[tuple[Scene, str]] = []
    images: list[Image.Image] = []

    def one(i: int) -> None:
        items.append(sample_two(seed, i))
        images.append(asker.draw(items[-1][1], seed=i))

    for _ in within(section, one):
        pass
    pictures, figures = judge_twos(items, images, reader)
    return [
        pictures.row("two characters: both there", "both there"),
        *(figures.row(f"two characters: {detail}", detail) for detail in _DETAILS),
        pictures.row("two characters: all that is named right", "all"),
    ]
