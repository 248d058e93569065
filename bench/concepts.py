"""Concepts that a model learns here and now: are they recognised, known and drawn?

Each is a new character with ten photos and ten facts. Look-alikes differ from it in one or two
traits. Knows held-out characters and the reader's words. Does not know how tokens are learned.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from PIL import Image

from omnipersona.bench.asking import Asker, png
from omnipersona.bench.reader import Reader
from omnipersona.bench.rows import Row, Tally, at_least, seconds_row
from omnipersona.bench.sample import Section, within
from omnipersona.bench.traits import NONE, Reading, of_figure
from omnipersona.model.contract import ConceptFile, Fact, LearnRequest, Preset
from omnipersona.training.corpus.facts import StatedFact, fact_questions, sample_facts
from omnipersona.training.corpus.questions import YES, recognise
from omnipersona.training.corpus.words import CANONICAL_PLACES
from omnipersona.training.world.render import render
from omnipersona.training.world.scene import (
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
_PRESENT, _ABSENT, _NEARER, _FACT = "present", "absent", "nearer", "fact"


@dataclass(frozen=True, kw_only=True, slots=True)
class Taught:
    """A held-out character, what was shown and told of it, and what the model made of that."""

    identity: Identity
    photos: tuple[Image.Image, ...]
    facts: tuple[StatedFact, ...]
    concept: ConceptFile


@dataclass(slots=True)
class Exam:
    """Tests taught characters one after the other.

    Attributes:
        asker: Of the model that learned.
        reader: Judges drawings.
        size: Side of the pictures that are shown, pixels.
        seed: Of pictures and phrasings.
        seen, known, drawn, likeness: Hits of recognition, facts, traits drawn, and drawings that
            are nearer to the character than to a look-alike.
    """

    asker: Asker
    reader: Reader
    size: int
    seed: int
    seen: Tally = field(default_factory=Tally)
    known: Tally = field(default_factory=Tally)
    drawn: Tally = field(default_factory=Tally)
    likeness: Tally = field(default_factory=Tally)

    def take(self, taught: Taught, i: int) -> None:
        """Test character `i`."""
        self._recognise(taught, random.Random(f"{self.seed} recognition {i}"))
        self._recall(taught, random.Random(f"{self.seed} recall {i}"))
        self._draw(taught, i)

    def recognised(self) -> Row:
        """Return recognition where it is and where a look-alike is, weighted alike."""
        weighted = (self.seen.share(_PRESENT) + self.seen.share(_ABSENT)) / 2
        count = self.seen.count(_PRESENT) + self.seen.count(_ABSENT)
        return at_least("concepts: recognised, weighted", weighted, count, _RECOGNITION)

    def rows(self) -> list[Row]:
        """Return the figures of all characters so far."""
        identity, traits = self.drawn.total()
        drawn = self.drawn
        return [
            self.recognised(),
            self.seen.row("concepts: recognised where it is", _PRESENT),
            self.seen.row("concepts: look-alikes told apart", _ABSENT),
            self.known.row("concepts: facts recalled", _FACT, _FACTS),
            at_least("concepts: traits right in drawings", identity, traits, _IDENTITY),
            *(drawn.row(f"concepts: {trait} right in drawings", trait) for trait in drawn.hits),
            self.likeness.row("concepts: drawings nearer to it than to look-alikes", _NEARER),
        ]

    def _recognise(self, taught: Taught, rng: random.Random) -> None:
        for j in range(2 * _NUM_SHOWN):
            is_there = j % 2 == 0
            shown = taught.identity if is_there else look_alike(taught.identity, rng)
            picture = render(sample_scene(rng, [shown]), self.size)
            question = recognise("<c0>", is_there, rng, "held_out")
            answer = self.asker.answer(question.text, picture, (taught.concept,))
            self.seen.add(_PRESENT if is_there else _ABSENT, (answer == YES) == is_there)

    def _recall(self, taught: Taught, rng: random.Random) -> None:
        for fact in taught.facts:
            question = fact_questions(rng, "held_out", "<c0>", fact)
            answer = self.asker.answer(question, None, (taught.concept,))
            self.known.add(_FACT, answer == fact.value)

    def _draw(self, taught: Taught, i: int) -> None:
        places = [CANONICAL_PLACES[PLACES[(i + j) % len(PLACES)]] for j in range(_NUM_DRAWINGS)]
        images = [
            self.asker.draw(f"<c0> {place}", j, (taught.concept,)) for j, place in enumerate(places)
        ]
        for reading in self.reader.read(images):
            for trait, hit in identity_hits(taught.identity, reading, 0).items():
                self.drawn.add(trait, hit)
        own, rng = self.reader.embed(taught.photos), random.Random(f"{self.seed} others {i}")
        for drawn in self.reader.embed(images):
            alike = look_alike(taught.identity, rng)
            scenes = [sample_scene(rng, [alike]) for _ in taught.photos]
            others = self.reader.embed([render(scene, self.size) for scene in scenes])
            self.likeness.add(_NEARER, bool((own @ drawn).mean() > (others @ drawn).mean()))


def concept_rows(
    asker: Asker, reader: Reader, section: Section, seed: int, size: int, preset: Preset
) -> list[Row]:
    """Teach characters one after the other and test each; two at a time are drawn together."""
    exam, together = Exam(asker, reader, size, seed), Tally()
    before: list[Taught] = []

    def one(i: int) -> None:
        taught = teach(asker.learn, seed, i, size, preset)
        exam.take(taught, i)
        if before:
            _draw_both(asker, reader, (before[-1], taught), together, i)
        before.append(taught)

    for _ in within(section, one):
        pass
    return [
        *exam.rows(),
        together.row("concepts: two in one picture, both right", "both", _TOGETHER),
        seconds_row("seconds to learn a concept", asker.lessons, _SECONDS),
    ]


def teach(
    learn: Callable[[LearnRequest], ConceptFile], seed: int, i: int, size: int, preset: Preset
) -> Taught:
    """Teach character `i` from photos in other places and clothes, and facts."""
    rng = random.Random(f"{seed} character {i}")
    identity = sample_identity(rng)
    facts = sample_facts(rng, _NUM_FACTS)
    photos = tuple(render(sample_scene(rng, [identity]), size) for _ in range(_NUM_PHOTOS))
    request = LearnRequest(
        name=f"character {i}",
        kind=identity.species,
        photos=tuple(png(photo) for photo in photos),
        facts=tuple(Fact(attribute=one.attribute, value=one.value) for one in facts),
        preset=preset,
        seed=i,
    )
    concept = learn(request)
    return Taught(identity=identity, photos=photos, facts=facts, concept=concept)


def identity_hits(identity: Identity, reading: Reading, place: int) -> dict[str, bool]:
    """Return which looks of a character are read off figure `place`."""
    true = {
        "species": identity.species,
        "color": identity.color,
        "pattern": identity.pattern,
        "pattern color": identity.pattern_color or NONE,
    }
    return {trait: reading.get(of_figure(trait, place)) == word for trait, word in true.items()}


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
