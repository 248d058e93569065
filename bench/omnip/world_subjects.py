"""Held-out concepts of the drawn world as subjects of a comparison; every truth is exact.

Knows items, the reader and what each metric counts. Does not know how methods learn, or how
scores are averaged.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from omnipersona.bench.asking import png
from omnipersona.bench.concepts import identity_hits
from omnipersona.bench.edits import demand_of
from omnipersona.bench.fidelity import similarity, unchanged_region
from omnipersona.bench.omnip.items import ConceptItems, Prompt, concept_items
from omnipersona.bench.omnip.persona import Persona
from omnipersona.bench.omnip.scores import Made, Scores, noise_seed
from omnipersona.bench.omnip.subjects import Counts, Subject
from omnipersona.bench.reader import SIDE, Reader
from omnipersona.bench.traits import NONE, Reading, place_of_figure, truth
from omnipersona.model.bagel.pipeline import Pipeline
from omnipersona.model.contract import LearnRequest
from omnipersona.training.corpus.edits import Edit
from omnipersona.training.world.render import render

_NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "toy": ("object", "object color"),
    "home": ("place",),
    "clothes": ("accessory 0", "accessory color 0"),
}


@dataclass(frozen=True, slots=True)
class WorldSubject:
    """A held-out concept of the drawn world, whose truths are exact."""

    items: ConceptItems
    reader: Reader

    @property
    def number(self) -> int:
        """Its place in the comparison, from 0."""
        return self.items.number

    def lesson(self, seed: int, num_photos: int) -> LearnRequest:
        """Return what every method is taught with."""
        return self.items.lesson(seed, num_photos)

    def scores(self, persona: Persona, seed: int) -> Iterator[Scores]:
        """Yield the growing scores of a persona after each item."""
        return score(persona, self.items, self.reader, noise_seed(self.number, seed))


def world_subjects(pipeline: Pipeline, reader: Reader, count: int, counts: Counts) -> list[Subject]:
    """Return the first `count` held-out concepts of the drawn world."""
    size = pipeline.config.image_size
    return [WorldSubject(concept_items(i, size, counts), reader) for i in range(count)]


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
