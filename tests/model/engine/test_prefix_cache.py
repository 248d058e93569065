"""Beginnings are read once, change nothing, and are gone with the concept they hold."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from oracles.random_weights import noise, png

from omnipersona.model.bagel.pipeline import Pipeline
from omnipersona.model.bagel.text_tasks import CompleteRequest, last_of, run
from omnipersona.model.bagel.velocity_batch import Context
from omnipersona.model.concepts.file_format import ConceptCard
from omnipersona.model.concepts.files import write_concept
from omnipersona.model.concepts.tokens import ConceptTokens
from omnipersona.model.contract import (
    AnswerRequest,
    ConceptFile,
    DrawSettings,
    EditRequest,
    Example,
    GenerateRequest,
    ImageResult,
)
from omnipersona.model.engine.prefix_cache import PrefixCache

EXAMPLES = (Example(prompt="who?", reply="a dog"), Example(prompt="where?", reply="home"))
SETTINGS = DrawSettings(seed=1, num_steps=2)


@dataclass
class _Rows:
    num_rows: int

    def fork(self) -> "_Rows":
        return _Rows(self.num_rows)


def _concept(pipeline: Pipeline, seed: int = 1) -> ConceptFile:
    tokens = ConceptTokens(noise(seed, 1, 32), noise(seed + 1, 16, 32), noise(seed + 2, 16, 32))
    card = ConceptCard(name="bo", kind=None, fingerprint=pipeline.fingerprint)
    return write_concept(tokens, card)


def _answer(pipeline: Pipeline, concept: ConceptFile) -> str:
    request = AnswerRequest(
        question="is <c0> here?", concepts=(concept,), examples=EXAMPLES, max_tokens=6
    )
    return "".join(pipeline.answer(request))


def _reply(pipeline: Pipeline, concept: ConceptFile) -> str:
    request = CompleteRequest(
        prompt="who is <c0>?", concepts=(concept,), examples=EXAMPLES, max_tokens=6
    )
    return run(last_of(pipeline.complete(request))).text


def _drawing(pipeline: Pipeline, concept: ConceptFile) -> bytes:
    request = GenerateRequest(prompt="<c0> at home", concepts=(concept,), settings=SETTINGS)
    *_, last = pipeline.generate(request)
    assert isinstance(last, ImageResult)
    return last.png


def _edit(pipeline: Pipeline, concept: ConceptFile) -> bytes:
    request = EditRequest(
        image=png(), instruction="a hat on <c0>", concepts=(concept,), settings=SETTINGS
    )
    *_, last = pipeline.edit(request)
    assert isinstance(last, ImageResult)
    return last.png


WORK: list[Callable[[Pipeline, ConceptFile], object]] = [_answer, _reply, _drawing, _edit]


@pytest.mark.parametrize("work", WORK)
def test_a_kept_beginning_changes_nothing(
    pipeline: Pipeline,
    work: Callable[[Pipeline, ConceptFile], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    concept, other = _concept(pipeline), _concept(pipeline, 10)
    added: list[object] = []
    add = Context.add
    monkeypatch.setattr(Context, "add", lambda self, segment: added.append(0) or add(self, segment))  # type: ignore[func-returns-value]
    first, first_reads = work(pipeline, concept), len(added)
    again, again_reads = work(pipeline, concept), len(added) - first_reads
    assert again == first
    assert again_reads < first_reads
    assert work(pipeline, other) != first


def test_other_examples_begin_otherwise(pipeline: Pipeline) -> None:
    request = CompleteRequest(prompt="who?", examples=EXAMPLES, max_tokens=6)
    fewer = replace(request, examples=EXAMPLES[:1])
    *_, with_two = pipeline.complete(request)
    *_, with_one = pipeline.complete(fewer)
    pipeline.beginnings = PrefixCache()
    *_, fresh = pipeline.complete(fewer)
    assert fresh == with_one != with_two


def test_a_released_concept_leaves_nothing(pipeline: Pipeline) -> None:
    bo, mia = _concept(pipeline, 1), _concept(pipeline, 10)
    for work in WORK:
        work(pipeline, bo)
    _drawing(pipeline, mia)
    held = pipeline.beginnings.num_rows
    assert pipeline.beginnings.drop(bo.sha256) == 2
    assert 0 < pipeline.beginnings.num_rows < held
    assert pipeline.beginnings.drop(bo.sha256) == 0


def test_the_least_used_go_first_and_the_newest_stays() -> None:
    kept = PrefixCache(max_rows=10)
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
