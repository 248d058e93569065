"""What the paper claims, and whether results here say the same.

A claim compares two methods by one metric over the same concepts; it holds only if the interval of
the difference lies above zero. Knows results. Does not know how they came about.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final, Literal

from omnipersona.bench.metrics.intervals import Interval, difference
from omnipersona.bench.omnip.paper import PAPER
from omnipersona.bench.omnip.run import Result
from omnipersona.bench.omnip.summary import by_method, concept_means

Verdict = Literal["reproduced", "not reproduced", "undecided"]

_FULL: Final = "omnipersona"
_ALIGNMENT: Final = "text alignment"


@dataclass(frozen=True, slots=True)
class Claim:
    """One method is better than another by a metric.

    Attributes:
        idea: What is said to help.
        better, worse: The two methods.
        metric: By which.
    """

    idea: str
    better: str
    worse: str
    metric: str

    @property
    def paper(self) -> tuple[float, float] | None:
        """The paper's figures of both, or None where it has none."""
        names = self.better, self.worse
        ours, theirs = (PAPER.get(name, {}).get(self.metric) for name in names)
        return None if ours is None or theirs is None else (ours, theirs)


CLAIMS: Final = (
    Claim("decoupled tokens", _FULL, "without-decoupling", "rec"),
    Claim("decoupled tokens", _FULL, "without-decoupling", "identity"),
    Claim("decoupled tokens", _FULL, "without-decoupling", "edit"),
    Claim("recaptioning", _FULL, "without-recaptioning", "parg"),
    Claim("recaptioning", _FULL, "without-recaptioning", "identity"),
    Claim("edit data", _FULL, "without-edit-data", "rec"),
    Claim("edit data", _FULL, "without-edit-data", "identity"),
    Claim("edit data", _FULL, "without-edit-data", "edit"),
    Claim("tokens, not a text", _FULL, "text-prompt", "rec"),
    Claim("tokens, not a text", _FULL, "text-prompt", "vqa"),
    Claim("tokens, not a text", _FULL, "text-prompt", "identity"),
    Claim("tokens, not a text", _FULL, "text-prompt", "edit"),
    Claim("all of it, not two sets", _FULL, "two-sets", "rec"),
    Claim("all of it, not two sets", _FULL, "two-sets", "parg"),
    Claim("all of it, not two sets", _FULL, "two-sets", "edit"),
    Claim("all of it, not stages", _FULL, "staged", "rec"),
    Claim("all of it, not stages", _FULL, "staged", "parg"),
    Claim("all of it, not stages", _FULL, "staged", "edit"),
    Claim("a long text knows more", "text-prompt", _FULL, "parg"),
    Claim("ours: an identifier for each side", "apart", _FULL, "identity"),
    Claim("ours: an identifier for each side", "apart", _FULL, "qa"),
    Claim("ours: an identifier for each side", "apart", _FULL, "parg"),
    Claim("ours: an identifier for each side", "apart", _FULL, "edit"),
    Claim("ours: tokens and stated facts", "hybrid", "text-prompt", "parg"),
    Claim("ours: tokens and stated facts", "hybrid", _FULL, "parg"),
    Claim("LoRA comes closer", "lora", _FULL, "identity"),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim with the figures found here and the interval of their difference."""

    claim: Claim
    better: float
    worse: float
    difference: Interval

    @property
    def verdict(self) -> Verdict:
        """What the interval says."""
        if self.difference.low > 0.0:
            return "reproduced"
        return "not reproduced" if self.difference.high < 0.0 else "undecided"


def findings(results: Iterable[Result], claims: Sequence[Claim] = CLAIMS) -> list[Finding]:
    """Return what became of every claim whose two methods have results for the same concepts."""
    of, found = by_method(results), []
    for claim in claims:
        ours, theirs = (
            concept_means(of.get(name, ()), claim.metric) for name in (claim.better, claim.worse)
        )
        if ours and ours.keys() == theirs.keys():
            means = fmean(ours.values()), fmean(theirs.values())
            found.append(Finding(claim, *means, difference(ours, theirs)))
    return found


def claims_table(found: Sequence[Finding]) -> str:
    """Write findings as a Markdown table, or say that there are none."""
    if not found:
        return "No two methods of a claim were measured on the same concepts yet."
    lines = [
        "| idea | better | than | by | paper | here | difference | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in found:
        claim, apart = one.claim, one.difference
        paper = "-" if claim.paper is None else "{:.2f} / {:.2f}".format(*claim.paper)
        interval = f"{apart.value:+.2f} [{apart.low:+.2f} {apart.high:+.2f}]"
        cells = (
            claim.idea,
            claim.better,
            claim.worse,
            claim.metric,
            paper,
            f"{one.better:.2f} / {one.worse:.2f}",
            interval,
            one.verdict,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def alignment_line(results: Sequence[Result]) -> str:
    """Say how much worse the words of a prompt are followed with a concept in play than without.

    Nothing where the base or the full method was not measured.
    """
    ours, theirs = (by_method(results).get(name, []) for name in (_FULL, "base"))
    if not ours or not theirs:
        return ""
    apart = difference(*(concept_means(one, _ALIGNMENT) for one in (ours, theirs)))
    count = sum(len(result.scores.get(_ALIGNMENT, [])) for result in ours)
    return (
        f"Text alignment with a concept in play, {_FULL} - base: {apart.value:+.3f} "
        f"[{apart.low:+.3f} {apart.high:+.3f}] over {count} details."
    )
