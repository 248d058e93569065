"""A judge's reply is one of three numbers or a failure; failures are counted."""

import pytest

from omnipersona.bench.metrics.judge import (
    RUBRICS,
    Verdict,
    answer_case,
    edit_cases,
    judged,
    knowledge_case,
    prompt_case,
    read_score,
)


@pytest.mark.parametrize(
    ("reply", "score"),
    [("1", 1.0), ("0.5", 0.5), (" 0\n", 0.0), ("Score: 1.0", 1.0), ("I give it 0.5.", 0.5)],
)
def test_a_score_is_read(reply: str, score: float) -> None:
    assert read_score(reply) == Verdict(score=score)


@pytest.mark.parametrize("reply", ["", "good", "0.7", "10", "0 or 1", "1/2", "100%", "-1", "2"])
def test_any_other_reply_is_a_failure_that_quotes_it(reply: str) -> None:
    verdict = read_score(reply)
    assert verdict.score is None
    assert verdict.failure is not None
    assert repr(reply) in verdict.failure


def test_failures_are_counted_and_not_averaged() -> None:
    verdicts = [Verdict(score=1.0), Verdict.failed("x" * 999), Verdict(score=0.5)]
    summed = judged(verdicts)
    assert (summed.mean, summed.failures, summed.n) == (0.75, 1, 3)
    assert len(verdicts[1].failure or "") == 200
    assert judged([Verdict.failed("down")]).mean is None
    assert judged([]).n == 0


def test_a_case_holds_rubric_material_and_pictures() -> None:
    case = answer_case("Where is <c0>?", "at home", "in bed")
    assert case.written().startswith(RUBRICS["answer"])
    assert "true answer: at home\nanswer to grade: in bed\n" in case.written()
    assert case.written().endswith("0, 0.5 or 1.")
    assert case.images == ()
    needy = knowledge_case("<c0> with his toy", ("His toy is a ball.",), b"png")
    assert "facts: His toy is a ball.\nprompt: <c0> with his toy" in needy.written()
    assert prompt_case("a dog", b"png").images == (b"png",)
    done, kept = edit_cases("remove <c0>", b"before", b"after")
    assert (done.task, kept.task) == ("edit", "kept")
    assert done.images == kept.images == (b"before", b"after")
