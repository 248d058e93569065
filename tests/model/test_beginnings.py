"""Beginnings are read once, change nothing, and are gone with the concept they hold."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from oracles.random_weights import noise, png

from omnipersona.model.beginnings import Beginnings
from omnipersona.model.concept.files import ConceptCard, write_concept
from omnipersona.model.concept.tokens import ConceptTokens
from omnipersona.model.contract import (
    AnswerRequest,
    CompleteRequest,
    ConceptFile,
    DrawSettings,
    EditRequest,
    Example,
    GenerateRequest,
    ImageResult,
)
from omnipersona.model.sequence.context import Context
from omnipersona.model.studio import Studio

EXAMPLES = (Example(prompt="who?", reply="a dog"), Example(prompt="where?", reply="home"))
SETTINGS = DrawSettings(seed=1, num_steps=2)


@dataclass
class _Rows:
    num_rows: int

    def fork(self) -> "_Rows":
        return _Rows(self.num_rows)


def _concept(studio: Studio, seed: int = 1) -> ConceptFile:
    tokens = ConceptTokens(noise(seed, 1, 32), noise(seed + 1, 16, 32), noise(seed + 2, 16, 32))
    card = ConceptCard(name="bo", kind=None, fingerprint=studio.fingerprint)
    return write_concept(tokens, card)


def _answer(studio: Studio, concept: ConceptFile) -> str:
    request = AnswerRequest(
        question="is <c0> here?", concepts=(concept,), examples=EXAMPLES, max_tokens=6
    )
    return "".join(studio.answer(request))


def _reply(studio: Studio, concept: ConceptFile) -> str:
    request = CompleteRequest(
        prompt="who is <c0>?", concepts=(concept,), examples=EXAMPLES, max_tokens=6
    )
    *_, last = studio.complete(request)
    assert last is not None
    return last.text


def _drawing(studio: Studio, concept: ConceptFile) -> bytes:
    request = GenerateRequest(prompt="<c0> at home", concepts=(concept,), settings=SETTINGS)
    *_, last = studio.generate(request)
    assert isinstance(last, ImageResult)
    return last.png


def _edit(studio: Studio, concept: ConceptFile) -> bytes:
    request = EditRequest(
        image=png(), instruction="a hat on <c0>", concepts=(concept,), settings=SETTINGS
    )
    *_, last = studio.edit(request)
    assert isinstance(last, ImageResult)
    return last.png


WORK: list[Callable[[Studio, ConceptFile], object]] = [_answer, _reply, _drawing, _edit]


@pytest.mark.parametrize("work", WORK)
def test_a_kept_beginning_changes_nothing(
    studio: Studio, work: Callable[[Studio, ConceptFile], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    concept, other = _concept(studio), _concept(studio, 10)
    added: list[object] = []
    add = Context.add
    monkeypatch.setattr(Context, "add", lambda self, segment: added.append(0) or add(self, segment))  # type: ignore[func-returns-value]
    first, first_reads = work(studio, concept), len(added)
    again, again_reads = work(studio, concept), len(added) - first_reads
    assert again == first
    assert again_reads < first_reads
    assert work(studio, other) != first


def test_other_examples_begin_otherwise(studio: Studio) -> None:
    request = CompleteRequest(prompt="who?", examples=EXAMPLES, max_tokens=6)
    fewer = replace(request, examples=EXAMPLES[:1])
    *_, with_two = studio.complete(request)
    *_, with_one = studio.complete(fewer)
    studio.beginnings = Beginnings()
    *_, fresh = studio.complete(fewer)
    assert fresh == with_one != with_two


def test_a_released_concept_leaves_nothing(studio: Studio) -> None:
    bo, mia = _concept(studio, 1), _concept(studio, 10)
    for work in WORK:
        work(studio, bo)
    _drawing(studio, mia)
    held = studio.beginnings.num_rows
    assert studio.beginnings.drop(bo.sha256) == 2
    assert 0 < studio.beginnings.num_rows < held
    assert studio.beginnings.drop(bo.sha256) == 0


def test_the_least_used_go_first_and_the_newest_stays() -> None:
    kept = Beginnings(max_rows=10)
    reads: list[str] = []

    def of(key: str, rows: int = 4) -> None:
        kept.grown_from(key, (), lambda: reads.append(key) or _Rows(rows))  # type: ignore[func-returns-value]

    for key in ("a", "b", "a", "c", "a", "b"):
        of(key)
    assert reads == ["a", "b", "c", "b"]
    of("huge", 100)
    assert kept.num_rows == 100
    of("a")
    assert reads[-2:] == ["huge", "a"]
