"""Drawings of one character from held-out captions, judged by what the caption names.

Knows captions and the reader's words. A detail that a caption leaves out is not judged.
"""

import random
from collections.abc import Sequence
from typing import Final

from PIL import Image

from omnipersona.bench.asking import Asker
from omnipersona.bench.reader import Reader
from omnipersona.bench.rows import Row, Tally
from omnipersona.bench.sample import Section, within
from omnipersona.bench.traits import Reading, of_figure, truth
from omnipersona.training.corpus.captions import free_caption
from omnipersona.training.corpus.words import CANONICAL_PLACES, PATTERN_NOUNS, PLACE_PHRASES
from omnipersona.training.world.scene import Identity, Scene, sample_identity, sample_scene

_GOALS: Final[dict[str, float | None]] = {
    "scene": 0.97,
    "species": 0.95,
    "color": 0.95,
    "pattern": 0.85,
    "pattern color": None,
    "accessory": 0.85,
    "object": 0.85,
    "pose": None,
}
_TRAITS: Final[dict[str, tuple[str, ...]]] = {
    "scene": ("place",),
    "species": (of_figure("species", 0),),
    "color": (of_figure("color", 0),),
    "pattern": (of_figure("pattern", 0),),
    "pattern color": (of_figure("pattern color", 0),),
    "accessory": (of_figure("accessory", 0), of_figure("accessory color", 0)),
    "object": ("object", "object color"),
    "pose": (of_figure("pose", 0),),
}


def sample_drawing(seed: int, i: int) -> tuple[Scene, str]:
    """Return scene `i` of one character, and a held-out caption of it."""
    rng = random.Random(f"{seed} drawing {i}")
    scene = sample_scene(rng, [sample_identity(rng)])
    return scene, free_caption(scene, {}, rng, "held_out")


def named_details(scene: Scene, caption: str) -> tuple[str, ...]:
    """Return which details of a scene of one character its caption names."""
    text = caption.lower()
    figure, thing = scene.figures[0], scene.thing
    worn = figure.accessory
    places = (PLACE_PHRASES[scene.place].pick(random.Random(0), "held_out"),)
    told = {
        "scene": any(words in text for words in (*places, CANONICAL_PLACES[scene.place])),
        **named_looks(figure.identity, text),
        "accessory": worn is not None and f"{worn.color} {worn.kind}" in text,
        "object": thing is not None and f"{thing.color} {thing.kind}" in text,
        "pose": figure.pose in text,
    }
    return tuple(detail for detail, is_named in told.items() if is_named)


def named_looks(identity: Identity, text: str) -> dict[str, bool]:
    """Return whether a lower-case text names species, colour, pattern and pattern colour."""
    short = f"{identity.color} {identity.species}" in text
    whole = f"{identity.color} {identity.pattern} {identity.species}" in text
    marks = PATTERN_NOUNS.get(identity.pattern)
    has_marks = marks is not None and marks in text
    return {
        "species": short or whole,
        "color": short or whole,
        "pattern": whole or has_marks,
        "pattern color": marks is not None and f"{identity.pattern_color} {marks}" in text,
    }


def judge_drawing(scene: Scene, caption: str, reading: Reading) -> dict[str, bool]:
    """Return for every detail that a caption names whether it is in the picture."""
    true = truth(scene)
    return {
        detail: all(reading.get(trait) == true[trait] for trait in _TRAITS[detail])
        for detail in named_details(scene, caption)
    }


def judge_drawings(
    items: Sequence[tuple[Scene, str]], images: Sequence[Image.Image], reader: Reader
) -> Tally:
    """Judge pictures against their captions; counts by detail."""
    tally = Tally()
    for (scene, caption), reading in zip(items, reader.read(images), strict=True):
        for detail, hit in judge_drawing(scene, caption, reading).items():
            tally.add(detail, hit)
        tally.add("one figure", reading["count"] == "1")
    return tally


def drawing_rows(asker: Asker, reader: Reader, section: Section, seed: int) -> list[Row]:
    """Draw held-out captions and return one row per detail."""
    items = []
    images = []

    def one(i: int) -> None:
        items.append(sample_drawing(seed, i))
        images.append(asker.draw(items[-1][1], seed=i))

    for _ in within(section, one):
        pass
    tally = judge_drawings(items, images, reader)
    rows = [tally.row(f"drawings: {detail}", detail, goal) for detail, goal in _GOALS.items()]
    return [*rows, tally.row("drawings: one figure", "one figure")]
