"""Concepts that a model learns here and now: are they recognised, known and drawn?

Each is a new character with ten photos and ten facts. Look-alikes differ from it in one or two
traits. Intervals are over concepts. Knows held-out characters and the reader's words. Does not know
how tokens are learned.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Final

from PIL import Image

from omnipersona.bench.asking import Asker, png
from omnipersona.bench.metrics.intervals import over_concepts, over_pairs
from omnipersona.bench.reader import Reader
from omnipersona.bench.rows import GroupedTally, Row, at_least, interval_row, seconds_row
from omnipersona.bench.sample import Sizes, within
from omnipersona.bench.traits import NONE, Reading, of_figure
from omnipersona.model.contract import ConceptFile, Fact, File, LearnRequest, Preset
from omnipersona.training.corpus.facts import StatedFact, fact_questions, sample_facts
from omnipersona.training.corpus.questions import YES, recognise
from omnipersona.training.corpus.words import CANONICAL_PLACES
from omnipersona.training.world.render import render
from omnipersona.training.world.scene import (
    PLACES,
    PROPORTIONS,
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
_NUM_PAIRS: Final = 10
_NUM_DRAWINGS: Final = 4
_SEED_STEP: Final = 1000  # between pictures with one concept; more than there are concepts
_PRESENT, _ABSENT, _NEARER, _FACT = "present", "absent", "nearer", "fact"
# What look-alikes may differ in, the most conspicuous first.
_DIFFERENCES: Final[dict[str, tuple[str, ...]]] = {
    "species": ("species",),
    "color": ("color",),
    "coat": ("pattern", "pattern_color"),
    "eye color": ("eye_color",),
    "proportion": PROPORTIONS,
}

_Together = dict[tuple[str, str], list[dict[str, bool]]]
"""By pair of concepts, each picture's traits of both in the better order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Taught:
    """A held-out character, what was shown and told of it, and what the model made of that."""

    name: str
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
        num_pairs: Pictures with each character, and as many with a look-alike of it.
        seen, differing, known, drawn, likeness: Hits by concept of recognition, of look-alikes by
            what they differ in, of facts, of traits drawn, and of drawings that are nearer to the
            character than to a look-alike.
    """

    asker: Asker
    reader: Reader
    size: int
    seed: int
    num_pairs: int = _NUM_PAIRS
    seen: GroupedTally = field(default_factory=GroupedTally)
    differing: GroupedTally = field(default_factory=GroupedTally)
    known: GroupedTally = field(default_factory=GroupedTally)
    drawn: GroupedTally = field(default_factory=GroupedTally)
    likeness: GroupedTally = field(default_factory=GroupedTally)

    def take(self, taught: Taught, i: int) -> None:
        """Test character `i`."""
        self._recognise(taught, random.Random(f"{self.seed} recognition {i}"))
        self._recall(taught, random.Random(f"{self.seed} recall {i}"))
        self._draw(taught, i)

    def recognised(self) -> Row:
        """Return recognition where it is and where a look-alike is, weighted alike."""
        present, absent = self.seen.of(_PRESENT), self.seen.of(_ABSENT)
        weighted = {one: (fmean(present[one]) + fmean(absent[one])) / 2 for one in present}
        count = sum(len(hits) for hits in (*present.values(), *absent.values()))
        interval = over_concepts(weighted, num_items=count)
        return interval_row("concepts: recognised, weighted", interval, _RECOGNITION)

    def rows(self) -> list[Row]:
        """Return the figures of all characters so far."""
        drawn = self.drawn
        return [
            self.recognised(),
            self.seen.row("concepts: recognised where it is", _PRESENT),
            self.seen.row("concepts: look-alikes told apart", _ABSENT),
            *(
                self.differing.row(f"concepts: look-alikes of other {kind} told apart", kind)
                for kind in _DIFFERENCES
            ),
            self.known.row("concepts: facts recalled", _FACT, goal=_FACTS),
            drawn.row("concepts: traits right in drawings", goal=_IDENTITY),
            *(drawn.row(f"concepts: {trait} right in drawings", trait) for trait in drawn.hits),
            self.likeness.row("concepts: drawings nearer to it than to look-alikes", _NEARER),
        ]

    def _recognise(self, taught: Taught, rng: random.Random) -> None:
        for j in range(2 * self.num_pairs):
            is_there = j % 2 == 0
            shown = taught.identity if is_there else look_alike(taught.identity, rng)
            picture = render(sample_scene(rng, [shown]), self.size)
            question = recognise("<c0>", is_there, rng, "held_out")
            answer = self.asker.answer(question.text, picture, (taught.concept,))
            hit = (answer == YES) == is_there
            self.seen.add(_PRESENT if is_there else _ABSENT, taught.name, hit)
            if not is_there:
                self.differing.add(what_differs(taught.identity, shown), taught.name, hit)

    def _recall(self, taught: Taught, rng: random.Random) -> None:
        for fact in taught.facts:
            question = fact_questions(rng, "held_out", "<c0>", fact)
            answer = self.asker.answer(question, None, (taught.concept,))
            self.known.add(_FACT, taught.name, answer == fact.value)

    def _draw(self, taught: Taught, i: int) -> None:
        places = [CANONICAL_PLACES[PLACES[(i + j) % len(PLACES)]] for j in range(_NUM_DRAWINGS)]
        images = [
            self.asker.draw(f"<c0> {place}", j, (taught.concept,)) for j, place in enumerate(places)
        ]
        for reading in self.reader.read(images):
            for trait, hit in identity_hits(taught.identity, reading, 0).items():
                self.drawn.add(trait, taught.name, hit)
        own, rng = self.reader.embed(taught.photos), random.Random(f"{self.seed} others {i}")
        for drawn in self.reader.embed(images):
            alike = look_alike(taught.identity, rng)
            scenes = [sample_scene(rng, [alike]) for _ in taught.photos]
            others = self.reader.embed([render(scene, self.size) for scene in scenes])
            is_nearer = bool((own @ drawn).mean() > (others @ drawn).mean())
            self.likeness.add(_NEARER, taught.name, is_nearer)


def concept_rows(asker: Asker, reader: Reader, sizes: Sizes, seed: int, size: int) -> list[Row]:
    """Teach characters one after the other and test each; every two are drawn together.

    Args:
        asker: Of the model that learns.
        reader: Judges drawings.
        sizes: How many characters, how they learn, and how much each is tested.
        seed: Which characters.
        size: Side of the pictures that are shown, pixels.
    """
    exam = Exam(asker, reader, size, seed, num_pairs=sizes.look_alikes)
    before: list[Taught] = []
    together: _Together = {}

    def one(i: int) -> None:
        taught = teach(asker.learn, seed, i, size, sizes.preset)
        exam.take(taught, i)
        # The last one first, so that its picture is the same however many there are of each two.
        for j, other in enumerate(reversed(before)):
            for k in range(sizes.together):
                drawn = _draw_both(asker, reader, (other, taught), i, j * sizes.together + k)
                together.setdefault((other.name, taught.name), []).append(drawn)
        before.append(taught)

    for _ in within(sizes.concepts, one):
        pass
    return [
        *exam.rows(),
        *_together_rows(together),
        seconds_row("seconds to learn a concept", asker.lessons, _SECONDS),
    ]


def teach(
    learn: Callable[[LearnRequest], ConceptFile], seed: int, i: int, size: int, preset: Preset
) -> Taught:
    """Teach character `i` from photos in other places and clothes, and facts."""
    rng, name = random.Random(f"{seed} character {i}"), f"character {i}"
    identity = sample_identity(rng)
    facts = sample_facts(rng, _NUM_FACTS)
    photos = tuple(render(sample_scene(rng, [identity]), size) for _ in range(_NUM_PHOTOS))
    request = LearnRequest(
        name=name,
        kind=identity.species,
        photos=File.each(tuple(png(photo) for photo in photos)),
        facts=tuple(Fact(attribute=one.attribute, value=one.value) for one in facts),
        preset=preset,
        seed=i,
    )
    concept = learn(request)
    return Taught(name=name, identity=identity, photos=photos, facts=facts, concept=concept)


def what_differs(own: Identity, other: Identity) -> str:
    """Return the most conspicuous kind of trait in which two characters differ.

    A look-alike of another colour and longer ears can be told by its colour; `proportion` means
    that nothing else differs.

    Raises: ValueError: they do not differ.
    """
    for kind, traits in _DIFFERENCES.items():
        if any(getattr(own, trait) != getattr(other, trait) for trait in traits):
            return kind
    raise ValueError("The two characters are the same; compare a character with a look-alike.")


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
    asker: Asker, reader: Reader, pair: tuple[Taught, Taught], i: int, j: int
) -> dict[str, bool]:
    """Return which traits of two concepts are right in picture `j` with concept `i`.

    Who stands on the left is free: the better of both orders counts.
    """
    prompt = f"<c0> and <c1> {CANONICAL_PLACES[PLACES[(i + j) % len(PLACES)]]}"
    image = asker.draw(prompt, i + _SEED_STEP * j, tuple(one.concept for one in pair))
    reading = reader.read([image])[0]
    orders = (
        {
            f"{one.name} {trait}": hit
            for one, place in zip(pair, places, strict=True)
            for trait, hit in identity_hits(one.identity, reading, place).items()
        }
        for places in ((0, 1), (1, 0))
    )
    return max(orders, key=lambda hits: sum(hits.values()))


def _together_rows(together: _Together) -> list[Row]:
    """Return how often both of two are right in all, and the share of their traits."""
    name = "concepts: two in one picture"
    whole = {pair: [all(one.values()) for one in drawn] for pair, drawn in together.items()}
    shares = {pair: [fmean(one.values()) for one in drawn] for pair, drawn in together.items()}
    return [
        _pair_row(f"{name}, both right", whole, _TOGETHER),
        _pair_row(f"{name}, traits right", shares),
    ]


def _pair_row(
    name: str, scores: Mapping[tuple[str, str], Sequence[float]], goal: float | None = None
) -> Row:
    """Return a figure of pairs; 0 where there is none, and two concepts alone have no interval."""
    if not scores:
        return at_least(name, 0.0, 0, goal)
    interval = over_pairs(scores)
    bounds = (interval.low, interval.high) if len(scores) > 1 else None
    return at_least(name, interval.value, interval.num_items, goal, bounds)
