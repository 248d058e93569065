"""Drawings of one character from held-out captions, judged by what the caption names.

Knows captions and the reader's words. A detail that a caption leaves out is not judged.
"""

import random
from collections.abc import Sequence
from typing import Final

from PIL import Image

from omnipersona.bench.asking import Asker
from omnipersona.bench.metrics.frechet import frechet_distance, frechet_interval
from omnipersona.bench.reader import SIDE, Reader
from omnipersona.bench.rows import Row, Tally, at_most
from omnipersona.bench.sample import Section, within
from omnipersona.bench.traits import Reading, of_figure, truth
from omnipersona.training.corpus.captions import free_caption
from omnipersona.training.corpus.words import CANONICAL_PLACES, PATTERN_NOUNS, PLACE_PHRASES
from omnipersona.training.world.render import render
from omnipersona.training.world.scene import Figure, Identity, Scene, sample_identity, sample_scene

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
_OF_SCENE: Final[dict[str, tuple[str, ...]]] = {
    "scene": ("place",),
    "object": ("object", "object color"),
}
_OF_FIGURE: Final[dict[str, tuple[str, ...]]] = {
    "species": ("species",),
    "color": ("color",),
    "pattern": ("pattern",),
    "pattern color": ("pattern color",),
    "accessory": ("accessory", "accessory color"),
    "pose": ("pose",),
}


def sample_drawing(seed: int, i: int) -> tuple[Scene, str]:
    """Return scene `i` of one character, and a held-out caption of it."""
    rng = random.Random(f"{seed} drawing {i}")
    scene = sample_scene(rng, [sample_identity(rng)])
    return scene, free_caption(scene, {}, rng, "held_out")


def named_details(scene: Scene, caption: str) -> tuple[str, ...]:
    """Return which details of a scene of one character its caption names."""
    text = caption.lower()
    told = named_of_scene(scene, text) | named_of_figure(scene.figures[0], text)
    return tuple(detail for detail, is_named in told.items() if is_named)


def named_of_scene(scene: Scene, text: str) -> dict[str, bool]:
    """Return whether a lower-case text names the place and the object."""
    thing = scene.thing
    places = (PLACE_PHRASES[scene.place].pick(random.Random(0), "held_out"),)
    return {
        "scene": any(words in text for words in (*places, CANONICAL_PLACES[scene.place])),
        "object": thing is not None and f"{thing.color} {thing.kind}" in text,
    }


def named_of_figure(figure: Figure, text: str) -> dict[str, bool]:
    """Return whether a lower-case text about one figure names its looks, clothes and pose."""
    worn = figure.accessory
    return {
        **named_looks(figure.identity, text),
        "accessory": worn is not None and f"{worn.color} {worn.kind}" in text,
        "pose": figure.pose in text,
    }


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
    named = named_details(scene, caption)
    return {
        **judge_scene(scene, [detail for detail in named if detail in _OF_SCENE], reading),
        **judge_figure(scene, 0, [detail for detail in named if detail in _OF_FIGURE], reading, 0),
    }


def judge_scene(scene: Scene, named: Sequence[str], reading: Reading) -> dict[str, bool]:
    """Return which of the named details of the scene itself are in the picture."""
    true = truth(scene)
    return {
        detail: all(reading.get(trait) == true[trait] for trait in _OF_SCENE[detail])
        for detail in named
    }


def judge_figure(
    scene: Scene, index: int, named: Sequence[str], reading: Reading, place: int
) -> dict[str, bool]:
    """Return which of the named details of a figure the one that is read at `place` has.

    Args:
        scene: What was asked for.
        index: Of the figure in it, counted from the left.
        named: Details that are judged.
        reading: Of the picture.
        place: Where the figure is looked for, counted from the left.
    """
    true = truth(scene)
    return {
        detail: all(
            reading.get(of_figure(trait, place)) == true[of_figure(trait, index)]
            for trait in _OF_FIGURE[detail]
        )
        for detail in named
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
    rows.append(tally.row("drawings: one figure", "one figure"))
    return [*rows, _distance_row([scene for scene, _ in items], images, reader)]


def _distance_row(scenes: Sequence[Scene], images: Sequence[Image.Image], reader: Reader) -> Row:
    """Return how far drawings lie from renders, which softness and wrong faces are seen by.

    The renders are of the very scenes: chance in what is to be drawn then adds nothing.
    """
    made = reader.average(images).double().numpy()
    true = reader.average([render(scene, SIDE) for scene in scenes]).double().numpy()
    distance, bounds = frechet_distance(made, true), frechet_interval(made, true)
    return at_most("drawings: Frechet distance", distance, len(scenes), bounds=bounds)
