"""A claim holds only if the interval of the difference says so."""

from pathlib import Path

import pytest

from omnipersona.bench.omnip.claims import (
    CLAIMS,
    Claim,
    Verdict,
    alignment_line,
    claims_table,
    findings,
)
from omnipersona.bench.omnip.library import Library
from omnipersona.bench.omnip.methods import methods
from omnipersona.bench.omnip.paper import paper_table
from omnipersona.bench.omnip.run import Result
from omnipersona.bench.omnip.summary import METRICS, figures, gains
from omnipersona.model.fit import PRESETS

CLAIM = Claim("tokens", "omnipersona", "base", "qa")


def _results(method: str, values: list[float], metric: str = "qa") -> list[Result]:
    return [Result(method, 0, i, {metric: [value]}, 1.0, 1) for i, value in enumerate(values)]


@pytest.mark.parametrize(
    ("ours", "verdict"),
    [
        ([0.9, 0.8, 0.9, 0.8], "reproduced"),
        ([0.1, 0.2, 0.1, 0.2], "not reproduced"),
        ([0.9, 0.1, 0.8, 0.2], "undecided"),
    ],
)
def test_a_verdict_follows_the_interval(ours: list[float], verdict: Verdict) -> None:
    results = _results("omnipersona", ours) + _results("base", [0.5, 0.5, 0.5, 0.5])
    [found] = findings(results, (CLAIM,))
    assert found.verdict == verdict
    assert found.better == pytest.approx(sum(ours) / 4)
    assert verdict in claims_table([found])


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
    results = _results("omnipersona", [0.7, 0.9], "text alignment")
    assert alignment_line(results) == ""
    results += _results("base", [0.9, 0.9], "text alignment")
    assert "-0.100" in alignment_line(results)
    assert "2 details" in alignment_line(results)
