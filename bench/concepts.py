"""Concepts that a model learns here and now: are they recognised, known and drawn?

Each is a new character with ten photos and ten facts. Look-alikes differ from it in one or two
traits. Knows held-out characters and the reader's words. Does not know how tokens are learned.
"""

import random
from dataclasses import dataclass
from typing import Final

from omnipersona.bench.asking import Asker, png
from omnipersona.bench.reader import Reader
from omnipersona.bench.rows import Row, Tally, at_least, seconds_row
from omnipersona.bench.sample import Section, within
from omnipersona.bench.traits import NONE, Reading, of_figure
from omnipersona.model.contract import ConceptFile, Fact, LearnRequest, Preset
from omnipersona.model.nano.corpus.facts import StatedFact, fact_questions, sample_facts
from omnipersona.model.nano.corpus.questions import YES, recognise
from omnipersona.model.nano.corpus.words import CANONICAL_PLACES
from omnipersona.model.nano.render import render
from omnipersona.model.nano.world import (
    PLACES,
    Identity,
    look_alike,
    sample_identity,
    sample_scene,
)

_RECOGNITION: Final = 0.92
_FACTS: Final = 0.9
_IDENTITY: Final = 0.85
_TOGETHER: Final = 0.6
_SECONDS: Final = 90.0
_NUM_PHOTOS: Final = 10
_NUM_FACTS: Final = 10
_NUM_SHOWN: Final = 10
_NUM_DRAWINGS: Final = 4
_PRESENT, _ABSENT = "present", "absent"


@dataclass(frozen=True, kw_only=True, slots=True)
class Taught:
    """A held-out character, what was told of it, and what the model made of that."""

    identity: Identity
    facts: tuple[StatedFact, ...]
    concept: ConceptFile


def concept_rows(
    asker: Asker, reader: Reader, section: Section, seed: int, size: int, preset: Preset
) -> list[Row]:
    """Teach characters one after the other and test each; two at a time are drawn together."""
    seen, known, drawn, together = Tally(), Tally(), Tally(), Tally()
    before: list[Taught] = []

    def one(i: int) -> None:
        taught = teach(asker, seed, i, size, preset)
        _recognise(asker, taught, seen, random.Random(f"{seed} recognition {i}"), size)
        _recall(asker, taught, known, random.Random(f"{seed} recall {i}"))
        for j in range(_NUM_DRAWINGS):
            prompt = f"<c0> {CANONICAL_PLACES[PLACES[(i + j) % len(PLACES)]]}"
            reading = reader.read([asker.draw(prompt, j, (taught.concept,))])[0]
            for trait, hit in identity_hits(taught.identity, reading, 0).items():
                drawn.add(trait, hit)
        if before:
            _draw_both(asker, reader, (before[-1], taught), together, i)
        before.append(taught)

    for _ in within(section, one):
        pass
    weighted = (seen.share(_PRESENT) + seen.share(_ABSENT)) / 2
    shown = seen.count(_PRESENT) + seen.count(_ABSENT)
    identity, traits = drawn.total()
    return [
        at_least("concepts: recognised, weighted", weighted, shown, _RECOGNITION),
        seen.row("concepts: recognised where it is", _PRESENT),
        seen.row("concepts: look-alikes told apart", _ABSENT),
        known.row("concepts: facts recalled", "fact", _FACTS),
        at_least("concepts: traits right in drawings", identity, traits, _IDENTITY),
        *(drawn.row(f"concepts: {trait} right in drawings", trait) for trait in drawn.hits),
        together.row("concepts: two in one picture, both right", "both", _TOGETHER),
        seconds_row("seconds to learn a concept", asker.lessons, _SECONDS),
    ]


def teach(asker: Asker, seed: int, i: int, size: int, preset: Preset) -> Taught:
    """Teach character `i` from photos in other places and clothes, and facts."""
    rng = random.Random(f"{seed} character {i}")
    identity = sample_identity(rng)
    facts = sample_facts(rng, _NUM_FACTS)
    scenes = [sample_scene(rng, [identity]) for _ in range(_NUM_PHOTOS)]
    request = LearnRequest(
        name=f"character {i}",
        kind=identity.species,
        photos=tuple(png(render(scene, size)) for scene in scenes),
        facts=tuple(Fact(attribute=one.attribute, value=one.value) for one in facts),
        preset=preset,
        seed=i,
    )
    return Taught(identity=identity, facts=facts, concept=asker.learn(request))


def identity_hits(identity: Identity, reading: Reading, place: int) -> dict[str, bool]:
    """Return which looks of a character are read off figure `place`."""
    true = {
        "species": identity.species,
        "color": identity.color,
        "pattern": identity.pattern,
        "pattern color": identity.pattern_color or NONE,
    }
    return {trait: reading.get(of_figure(trait, place)) == word for trait, word in true.items()}


def _recognise(asker: Asker, taught: Taught, seen: Tally, rng: random.Random, size: int) -> None:
    for j in range(2 * _NUM_SHOWN):
        is_there = j % 2 == 0
        shown = taught.identity if is_there else look_alike(taught.identity, rng)
        picture = render(sample_scene(rng, [shown]), size)
        question = recognise("<c0>", is_there, rng, "held_out")
        answer = asker.answer(question.text, picture, (taught.concept,))
        seen.add(_PRESENT if is_there else _ABSENT, (answer == YES) == is_there)


def _recall(asker: Asker, taught: Taught, known: Tally, rng: random.Random) -> None:
    for fact in taught.facts:
        question = fact_questions(rng, "held_out", "<c0>", fact)
        known.add("fact", asker.answer(question, None, (taught.concept,)) == fact.value)


def _draw_both(
    asker: Asker, reader: Reader, pair: tuple[Taught, Taught], together: Tally, i: int
) -> None:
    """Draw two concepts side by side; who stands on the left is free."""
    prompt = f"<c0> and <c1> {CANONICAL_PLACES[PLACES[i % len(PLACES)]]}"
    image = asker.draw(prompt, i, tuple(one.concept for one in pair))
    reading = reader.read([image])[0]
    right = [
        all(
            all(identity_hits(one.identity, reading, place).values())
            for one, place in zip(pair, places, strict=True)
        )
        for places in ((0, 1), (1, 0))
    ]
    together.add("both", any(right))
