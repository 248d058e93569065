"""How far the reader itself can be trusted: its accuracy on scenes that it never saw.

Knows renders and what the reader makes of them. Does not know the model that is judged.
"""

import random
from collections.abc import Sequence
from typing import Final

from PIL import Image

from omnipersona.bench.metrics.intervals import wilson
from omnipersona.bench.reader import SIDE, Reader
from omnipersona.bench.rows import Row, Tally, at_least, mean_row
from omnipersona.bench.traits import of_figure, truth
from omnipersona.training.world.render import render
from omnipersona.training.world.scene import Scene, look_alike, sample_identity, sample_scene

_GOAL: Final = 0.99
_WITH_GOAL: Final = ("place", *(of_figure(t, 0) for t in ("species", "color", "accessory")))


def held_out_scenes(num_figures: int, count: int) -> list[Scene]:
    """Return scenes of a stream of their own."""
    rng = random.Random(f"held-out scenes of {num_figures}")
    return [
        sample_scene(rng, [sample_identity(rng) for _ in range(num_figures)]) for _ in range(count)
    ]


def accuracy(reader: Reader, scenes: Sequence[Scene], images: Sequence[Image.Image]) -> Tally:
    """Count for each trait on which pictures of `scenes` it is read right."""
    tally = Tally()
    for scene, reading in zip(scenes, reader.read(images), strict=True):
        for trait, word in truth(scene).items():
            tally.add(trait, reading.get(trait) == word)
    return tally


def shares_by_picture(tally: Tally) -> list[float]:
    """Return the share of traits that are right on each picture of `accuracy`'s count."""
    return [sum(hits) / len(hits) for hits in zip(*tally.hits.values(), strict=True)]


def identity_told(reader: Reader, count: int) -> float:
    """Return how often a render lies closer to its character than to a look-alike."""
    rng = random.Random("held-out identities")
    hits = 0
    for _ in range(count):
        own = sample_identity(rng)
        shown = (own, own, look_alike(own, rng))
        images = [render(sample_scene(rng, [one]), SIDE) for one in shown]
        again, same, other = reader.embed(images)
        hits += bool(again @ same > again @ other)
    return hits / count


def reader_rows(reader: Reader, count: int) -> list[Row]:
    """Return the reader's accuracy on clean renders: one figure by trait, two figures in all."""
    scenes = held_out_scenes(1, count)
    one = accuracy(reader, scenes, [render(scene, SIDE) for scene in scenes])
    rows = [
        one.row(
            f"reader: {trait.removesuffix(' 0')}", trait, _GOAL if trait in _WITH_GOAL else None
        )
        for trait in one.hits
    ]
    pairs = held_out_scenes(2, count)
    two = accuracy(reader, pairs, [render(scene, SIDE) for scene in pairs])
    told = identity_told(reader, count)
    return [
        *rows,
        mean_row("reader: two figures, all traits", shares_by_picture(two)),
        at_least(
            "reader: characters told from look-alikes",
            told,
            count,
            bounds=wilson(round(told * count), count),
        ),
    ]
