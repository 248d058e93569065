"""A claim holds only if the interval of the difference says so, and only where it may."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from omnipersona.bench.omnip.claims import (
    CLAIMS,
    LEAST_CONCEPTS,
    Claim,
    Objection,
    Verdict,
    alignment_line,
    claims_table,
    findings,
    reservations,
)
from omnipersona.bench.omnip.library import Library
from omnipersona.bench.omnip.methods import BELOW_THEIR_BEST, methods
from omnipersona.bench.omnip.paper import paper_table
from omnipersona.bench.omnip.run import Result
from omnipersona.bench.omnip.summary import METRICS, figures, gains
from omnipersona.model.bagel.concept_training.trainer import PRESETS

CLAIM = Claim("tokens", "omnipersona", "base", "qa")
BETTER, WORSE = [0.9, 0.8] * (LEAST_CONCEPTS // 2), [0.1, 0.2] * (LEAST_CONCEPTS // 2)


def _results(method: str, values: list[float], metric: str = "qa") -> list[Result]:
    return [Result(method, 0, i, {metric: [value]}, 1.0, 1) for i, value in enumerate(values)]


@pytest.mark.parametrize(
    ("ours", "verdict"),
    [
        (BETTER, "reproduced"),
        (WORSE, "not reproduced"),
        (BETTER[:5] + WORSE[:5], "undecided"),
    ],
)
def test_a_verdict_follows_the_interval(ours: list[float], verdict: Verdict) -> None:
    [found] = findings(_against_half(ours), (CLAIM,))
    assert found.verdict == verdict
    assert found.better == pytest.approx(sum(ours) / len(ours))
    table = claims_table([found])
    assert f"| {verdict} |" in table
    assert "without a correction" in table


def _against_half(ours: list[float]) -> list[Result]:
    return _results("omnipersona", ours) + _results("base", [0.5] * len(ours))


@pytest.mark.parametrize(
    ("ours", "is_quick", "told"),
    [
        ([0.9], False, "no claim: 1 concept"),
        ([0.9], True, "no claim: 1 concept, a quick plan"),
        (BETTER[:-1], False, f"no claim: {LEAST_CONCEPTS - 1} concepts"),
        (WORSE[:-1], False, f"no claim: {LEAST_CONCEPTS - 1} concepts"),
        (BETTER, True, f"no claim: {LEAST_CONCEPTS} concepts, a quick plan"),
    ],
)
def test_few_concepts_and_quick_plans_claim_nothing(
    ours: list[float], is_quick: bool, told: str
) -> None:
    [found] = findings(_against_half(ours), (CLAIM,), is_quick=is_quick)
    assert found.verdict == "no claim"
    table = claims_table([found])
    assert f"| {told} |" in table
    assert "reproduced" not in table
    assert "undecided" not in table
    assert f"needs {LEAST_CONCEPTS} concepts" in table


@pytest.mark.parametrize("ours", [BETTER, WORSE])
@pytest.mark.parametrize("verdict", ["withdrawn", "undecided"])
def test_a_claim_that_cannot_be_decided_never_gets_a_verdict(
    ours: list[float], verdict: Literal["withdrawn", "undecided"]
) -> None:
    claim = replace(CLAIM, objection=Objection(verdict, "It was not asked."))
    [found] = findings(_against_half(ours), (claim,))
    assert found.verdict == verdict
    table = claims_table([found])
    assert "reproduced" not in table
    assert f"- {verdict.capitalize()} (tokens): It was not asked." in table


def test_a_method_below_its_best_decides_no_claim() -> None:
    assert set(methods(PRESETS["quick"], Library(Path()))) >= set(BELOW_THEIR_BEST)
    concerned = [one for one in CLAIMS if {one.better, one.worse} & set(BELOW_THEIR_BEST)]
    assert {one.idea for one in concerned} >= {"tokens, not a text", "a long text knows more"}
    for claim in concerned:
        assert claim.objection is not None
        assert claim.objection.verdict == "withdrawn"


def test_a_reason_is_told_once_with_all_its_ideas() -> None:
    results = [
        one
        for name in ("omnipersona", "text-prompt", "hybrid", "without-edit-data")
        for metric in ("identity", "parg")
        for one in _results(name, BETTER, metric)
    ]
    found = findings(results)
    told = reservations(found)
    assert told[0].startswith(f"{len(found)} differences")
    [text] = [one for one in told if one.startswith("Withdrawn")]
    assert "(tokens, not a text; a long text knows more; ours: tokens and stated facts)" in text
    assert [one for one in told if one.startswith("Undecided (edit data)")]


def test_a_claim_without_results_of_both_methods_is_left_out() -> None:
    assert findings(_results("omnipersona", [1.0, 1.0]), (CLAIM,)) == []
    assert "No two methods" in claims_table([])
    uneven = _results("omnipersona", [1.0, 1.0]) + _results("base", [1.0])
    assert findings(uneven, (CLAIM,)) == []


def test_gains_are_differences_of_the_same_concepts() -> None:
    first, last = ("base", "omnipersona"), [0.9, 0.8]
    before = [one for name in first for one in _results(name, [0.5, 0.6])]
    gained = gains(_results("omnipersona", last), before)["omnipersona"]["qa"]
    assert gained.value == pytest.approx(0.3)
    assert (gained.low, gained.high) == pytest.approx((0.2, 0.4))
    fewer = gains(_results("omnipersona", last), _results("omnipersona", [0.5]))
    assert fewer == {}


def test_claims_speak_of_methods_and_metrics_that_exist() -> None:
    known = methods(PRESETS["quick"], Library(Path()))
    assert {name for claim in CLAIMS for name in (claim.better, claim.worse)} <= set(known)
    assert {claim.metric for claim in CLAIMS} <= set(METRICS)


def test_the_paper_s_figures_stand_beside_ours() -> None:
    found = figures(_results("omnipersona", [0.5, 0.7], "vqa"))
    assert "| `omnipersona` | 0.85 / - | 0.60 / 0.60 |" in paper_table(found)
    assert Claim("tokens", "omnipersona", "text-prompt", "vqa").paper == (0.603, 0.542)
    assert CLAIM.paper is None


def test_alignment_is_a_difference_to_the_base_model() -> None:
    results = _results("omnipersona", [0.7, 0.9] * 5, "text alignment")
    assert alignment_line(results) == ""
    results += _results("base", [0.9, 0.9] * 5, "text alignment")
    assert "-0.100" in alignment_line(results)
    assert "10 details" in alignment_line(results)
    assert alignment_line([one for one in results if one.concept < 9]) == ""
