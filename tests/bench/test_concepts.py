"""The exam of learned characters: what it asks, and what its figures say."""

import random
from collections import Counter
from dataclasses import dataclass, field, replace

import pytest
from PIL import Image

from omnipersona.bench.asking import Asker
from omnipersona.bench.concepts import concept_rows, what_differs
from omnipersona.bench.reader import load_reader
from omnipersona.bench.rows import Row
from omnipersona.bench.sample import QUICK, Section
from omnipersona.model.contract import ConceptFile, LearnRequest
from omnipersona.testing import ScriptedModel
from omnipersona.training.corpus.questions import YES
from omnipersona.training.world.render import render
from omnipersona.training.world.scene import look_alike, sample_identity, sample_scene


@dataclass
class _YesSayer(Asker):
    """Says yes to everything, and draws two strangers whatever is asked for."""

    asked: list[tuple[str, int]] = field(default_factory=list)

    def answer(
        self,
        question: str,
        picture: Image.Image | None = None,
        concepts: tuple[ConceptFile, ...] = (),
    ) -> str:
        return YES

    def draw(self, prompt: str, seed: int, concepts: tuple[ConceptFile, ...] = ()) -> Image.Image:
        self.asked.append((prompt, seed))
        rng = random.Random(seed)
        return render(sample_scene(rng, [sample_identity(rng), sample_identity(rng)]))

    def learn(self, request: LearnRequest) -> ConceptFile:
        return ConceptFile.of(b"")


def _rows(num_concepts: int) -> tuple[dict[str, Row], list[tuple[str, int]]]:
    sizes = replace(QUICK, concepts=Section(items=num_concepts), look_alikes=6, together=2)
    asker = _YesSayer(ScriptedModel())
    rows = concept_rows(asker, load_reader(), sizes, 0, 64)
    return {row.name.removeprefix("concepts: "): row for row in rows}, asker.asked


def test_the_most_conspicuous_difference_names_a_look_alike() -> None:
    own = replace(sample_identity(random.Random(1)), pattern="spotted", pattern_color="red")
    own = replace(own, species="cat", color="blue", eye_color="black", tail=0.1)
    tail = replace(own, tail=0.9)
    assert what_differs(own, tail) == "proportion"
    assert what_differs(own, replace(tail, eye_color="green")) == "eye color"
    assert what_differs(own, replace(tail, pattern_color="green")) == "coat"
    assert what_differs(own, replace(own, pattern="plain", pattern_color=None)) == "coat"
    assert what_differs(own, replace(tail, color="teal")) == "color"
    assert what_differs(own, replace(own, species="dog", color="teal")) == "species"
    with pytest.raises(ValueError, match="are the same"):
        what_differs(own, own)


def test_every_look_alike_differs_in_something_and_each_kind_is_met() -> None:
    rng = random.Random(2)
    counts: Counter[str] = Counter()
    for _ in range(312):
        own = sample_identity(rng)
        counts[what_differs(own, look_alike(own, rng))] += 1
    assert set(counts) == {"species", "color", "coat", "eye color", "proportion"}
    assert min(counts.values()) >= 20


def test_who_says_yes_to_everyone_knows_nobody() -> None:
    rows, _ = _rows(3)
    assert rows["recognised where it is"].value == 1.0
    assert rows["look-alikes told apart"].value == 0.0
    assert rows["recognised, weighted"].value == 0.5
    assert rows["recognised, weighted"].n == 36
    kinds = [row for name, row in rows.items() if name.startswith("look-alikes of other")]
    assert len(kinds) == 5
    assert sum(row.n for row in kinds) == rows["look-alikes told apart"].n == 18
    for row in rows.values():
        if row.n and not row.name.startswith("seconds") and row not in kinds:
            assert row.low is not None
            assert row.high is not None
            assert row.low <= row.value <= row.high


def test_every_two_are_drawn_together_in_several_places() -> None:
    rows, asked = _rows(4)
    both = [(prompt, seed) for prompt, seed in asked if prompt.startswith("<c0> and <c1>")]
    assert len(both) == len(set(both)) == 12
    assert len({prompt for prompt, _ in both}) >= 4
    assert rows["two in one picture, both right"].n == 12
    assert rows["two in one picture, both right"].value <= 0.2
    share = rows["two in one picture, traits right"]
    assert share.low is not None
    assert 0.0 < share.low <= share.value < 0.8


def test_a_shorter_sample_is_the_start_of_a_longer_one() -> None:
    _, short = _rows(2)
    _, long = _rows(3)
    assert long[: len(short)] == short


def test_one_concept_alone_has_no_intervals_and_no_pairs() -> None:
    rows, _ = _rows(1)
    assert all(row.low is None for row in rows.values())
    assert rows["two in one picture, both right"].n == 0
