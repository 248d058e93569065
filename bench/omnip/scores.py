"""One persona against one concept's items: every metric as a list of scores in [0, 1].

Knows items, the reader and what each metric counts. Does not know how methods learn, or how
scores are averaged.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from PIL import Image

from omnipersona.bench.asking import png
from omnipersona.bench.concepts import identity_hits
from omnipersona.bench.edits import demand_of
from omnipersona.bench.fidelity import similarity, unchanged_region
from omnipersona.bench.metrics.calibration import calibrated
from omnipersona.bench.omnip.items import ConceptItems, Prompt
from omnipersona.bench.omnip.persona import Persona
from omnipersona.bench.reader import SIDE, Reader
from omnipersona.bench.traits import NONE, Reading, place_of_figure, truth
from omnipersona.model.nano.corpus.edits import Edit
from omnipersona.model.nano.render import render

_NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "toy": ("object", "object color"),
    "home": ("place",),
    "clothes": ("accessory 0", "accessory color 0"),
}


@dataclass(frozen=True, slots=True)
class Made:
    """A picture that was made.

    Attributes:
        image: The picture.
        before: What an edit began with.
        steps: From what was asked to the picture, with their names.
    """

    image: Image.Image
    before: Image.Image | None = None
    steps: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Scores:
    """Scores of one concept by metric, and the pictures that were made by what was asked."""

    by_metric: dict[str, list[float]] = field(default_factory=dict)
    pictures: dict[str, Made] = field(default_factory=dict)

    def add(self, metric: str, score: float) -> None:
        """Note one score."""
        self.by_metric.setdefault(metric, []).append(float(score))

    def add_recognition(self, seen: bool | None, *, is_present: bool) -> None:
        """Note whether a concept was seen where it is or is not; None said neither."""
        self.add("recall" if is_present else "specificity", seen == is_present)
        self.add("unparsable", seen is None)

    def add_calibrated(self, certainties: Sequence[tuple[bool, float]]) -> None:
        """Note how well the certainties of a yes part where it is from where it is not."""
        for is_right in calibrated(certainties):
            self.add("rec, calibrated", is_right)


def score(persona: Persona, items: ConceptItems, reader: Reader, seed: int) -> Iterator[Scores]:
    """Yield the growing scores after each item, so that a caller can tell and stop."""
    scores = Scores()
    for _ in _reading(persona, items, scores):
        yield scores
    for i, prompt in enumerate((*items.prompts, *items.wishes)):
        _draw(persona, items, prompt, reader, scores, seed + i)
        yield scores
    for i, edit in enumerate(items.edits):
        _edit(persona, items, edit, reader, scores, seed + i)
        yield scores
    for _ in _drift(persona, items, scores, seed):
        yield scores


def _reading(persona: Persona, items: ConceptItems, scores: Scores) -> Iterator[None]:
    certainties = []
    for shown in items.recognition:
        seen = persona.sees(shown.question, shown.png)
        scores.add_recognition(seen, is_present=shown.is_present)
        certainties.append((shown.is_present, persona.certainty(shown.question, shown.png)))
        yield
    scores.add_calibrated(certainties)
    for shown in items.photo_questions:
        scores.add("vqa", persona.answer(shown.question, shown.png) == shown.answer)
        yield
    for question, value in items.fact_questions:
        scores.add("qa", persona.answer(question) == value)
        yield


def _draw(
    persona: Persona,
    items: ConceptItems,
    prompt: Prompt,
    reader: Reader,
    scores: Scores,
    seed: int,
) -> None:
    steps = persona.recaptioned(prompt.message)
    image = persona.draw(steps.prompt, seed)
    reading, true = reader.read([image])[0], truth(prompt.scene)
    for hit in identity_hits(items.identity, reading, 0).values():
        scores.add("identity", hit)
    if not prompt.needed:
        for trait in _told(true):
            scores.add("text alignment", reading.get(trait) == true[trait])
        scores.pictures.setdefault(prompt.message, Made(image))
        return
    shown = []
    for attribute in prompt.needed:
        is_there = all(reading.get(trait) == true[trait] for trait in _NEEDS[attribute])
        scores.add("parg", is_there)
        value = next(fact.value for fact in items.facts if fact.attribute == attribute)
        scores.add("parg, words", value in steps.prompt)
        shown.append(f"{attribute} shown" if is_there else f"{attribute} missing")
    told = (*steps.told, ("shown", ", ".join(shown)))
    scores.pictures.setdefault(prompt.message, Made(image, steps=told))


def _told(true: Reading) -> tuple[str, ...]:
    """Return the traits that a full caption tells, apart from who is in it."""
    traits = ["place"]
    if true["object"] != NONE:
        traits += ["object", "object color"]
    if true["accessory 0"] != NONE:
        traits += ["accessory 0", "accessory color 0"]
    return tuple(traits)


def _edit(
    persona: Persona, items: ConceptItems, edit: Edit, reader: Reader, scores: Scores, seed: int
) -> None:
    source, target = (render(scene, SIDE) for scene in (edit.source, edit.target))
    image = persona.edit(png(source), edit.instruction, seed)
    image = image if image.size == target.size else image.resize(target.size)
    scores.pictures.setdefault(f"{edit.kind}: {edit.instruction}", Made(image, before=source))
    reading, true = reader.read([image])[0], truth(edit.target)
    done = float(all(reading.get(trait) == true[trait] for trait in demand_of(edit).asked))
    where = unchanged_region(source, target)
    kept = 1.0 if where is None else similarity(image, target, where)
    same = _identity(items, edit, reading)
    scores.add(f"edit {edit.kind}", done * kept * same)
    for factor, value in (("done", done), ("kept", kept), ("identity", same)):
        scores.add(f"edit {factor}", value)


def _drift(persona: Persona, items: ConceptItems, scores: Scores, seed: int) -> Iterator[None]:
    """Edit the outcome of the edit before, and see how much of the first picture is kept."""
    if not items.chain:
        return
    first = image = render(items.chain[0].source, SIDE)
    for i, edit in enumerate(items.chain, start=1):
        image = persona.edit(png(image), edit.instruction, seed + i).resize(first.size)
        target = render(edit.target, SIDE)
        where = unchanged_region(first, target)
        if where is not None:
            scores.add(f"kept after {i}", similarity(image, target, where))
        yield


def _identity(items: ConceptItems, edit: Edit, reading: Reading) -> float:
    """Return the share of the concept's looks after an edit; 1 where it should be gone."""
    index = next(
        (
            i
            for i, figure in enumerate(edit.target.figures)
            if figure.identity == items.identity or (edit.kind == "recolor" and i == edit.figure)
        ),
        None,
    )
    if index is None:
        return 1.0
    wanted = edit.target.figures[index].identity
    hits = identity_hits(wanted, reading, place_of_figure(edit.target, index))
    return float(np.mean(list(hits.values())))


def noise_seed(concept: int, seed: int) -> int:
    """Return the first seed of a concept's pictures in one repetition."""
    return random.Random(f"pictures of {concept}, repetition {seed}").randrange(2**31)
