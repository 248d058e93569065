"""What the paper claims, and whether results here say the same.

A claim compares two methods by one metric over the same concepts; it holds only if the interval of
the difference lies above zero. Knows results. Does not know how they came about.
Source of the figures: OmniPersona (CVPR 2026), BAGEL-7B on 20 concepts; `identity` stands for its
CLIP-I.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final, Literal

from omnipersona.bench.metrics.intervals import Interval, difference
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
        paper: Its figures of both, or None where it has none.
    """

    idea: str
    better: str
    worse: str
    metric: str
    paper: tuple[float, float] | None = None


CLAIMS: Final = (
    Claim("decoupled tokens", _FULL, "without-decoupling", "rec", (0.852, 0.804)),
    Claim("decoupled tokens", _FULL, "without-decoupling", "identity", (0.791, 0.778)),
    Claim("decoupled tokens", _FULL, "without-decoupling", "edit", (0.658, 0.633)),
    Claim("recaptioning", _FULL, "without-recaptioning", "parg", (0.613, 0.312)),
    Claim("edit data", _FULL, "without-edit-data", "rec", (0.852, 0.840)),
    Claim("edit data", _FULL, "without-edit-data", "identity", (0.791, 0.772)),
    Claim("edit data", _FULL, "without-edit-data", "edit", (0.658, 0.638)),
    Claim("tokens, not a text", _FULL, "text-prompt", "rec", (0.852, 0.788)),
    Claim("tokens, not a text", _FULL, "text-prompt", "vqa", (0.603, 0.542)),
    Claim("tokens, not a text", _FULL, "text-prompt", "identity", (0.791, 0.697)),
    Claim("tokens, not a text", _FULL, "text-prompt", "edit", (0.658, 0.432)),
    Claim("all of it, not two sets", _FULL, "two-sets", "rec", (0.852, 0.764)),
    Claim("all of it, not two sets", _FULL, "two-sets", "parg", (0.613, 0.266)),
    Claim("all of it, not two sets", _FULL, "two-sets", "edit", (0.658, 0.234)),
    Claim("all of it, not stages", _FULL, "staged", "rec", (0.852, 0.790)),
    Claim("all of it, not stages", _FULL, "staged", "parg", (0.613, 0.359)),
    Claim("all of it, not stages", _FULL, "staged", "edit", (0.658, 0.184)),
    Claim("a long text knows more", "text-prompt", _FULL, "parg", (0.813, 0.613)),
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
