"""What the paper claims, and whether results here say the same.

A claim compares two methods by one metric over the same concepts; it holds only if the interval of
the difference lies above zero. Nothing is said of too few concepts or of a quick plan, and a claim
that the comparison cannot decide carries the reason. Knows results. Does not know how they came
about.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Final, Literal

from omnipersona.bench.metrics.intervals import Interval, difference
from omnipersona.bench.omnip.methods import BELOW_THEIR_BEST
from omnipersona.bench.omnip.paper import PAPER
from omnipersona.bench.omnip.run import Result
from omnipersona.bench.omnip.summary import by_method, concept_means

Verdict = Literal["reproduced", "not reproduced", "undecided", "withdrawn", "no claim"]

LEAST_CONCEPTS: Final = 10
"""Of fewer, the bootstrap's interval is far too narrow: of two it is the two figures."""

_FULL: Final = "omnipersona"
_ALIGNMENT: Final = "text alignment"


@dataclass(frozen=True, slots=True)
class Objection:
    """Why the comparison cannot decide a claim, whatever its figures are.

    Attributes:
        verdict: `withdrawn` where a method was not measured as it should be and a verdict stood
            once; `undecided` where the comparison could not have shown a difference.
        reason: In a sentence or more.
    """

    verdict: Literal["withdrawn", "undecided"]
    reason: str


_TEXT: Final = Objection(
    "withdrawn",
    f"`text-prompt` was not measured in its best format. {BELOW_THEIR_BEST['text-prompt']} In a "
    "trial with the whole looks and five facts it reached .84 to .95 of the needed facts and .91 "
    "of the likeness, where the best of ours has .94 and .81.",
)
_EDIT_DATA: Final = Objection(
    "undecided",
    "A lesson starts from vectors that the concept encoder reads off the photos, and they hold the "
    "looks already; a lesson without edit data has nothing to lose.",
)
_DECOUPLING: Final = Objection(
    "undecided",
    "Only the weights are decoupled; both sides share an identifier and look at each other's "
    "vectors. A difference of .07 needs about forty concepts.",
)


@dataclass(frozen=True, slots=True)
class Claim:
    """One method is better than another by a metric.

    Attributes:
        idea: What is said to help.
        better, worse: The two methods.
        metric: By which.
        objection: Why no figures of theirs decide it, or None.
    """

    idea: str
    better: str
    worse: str
    metric: str
    objection: Objection | None = field(default=None, kw_only=True)

    @property
    def paper(self) -> tuple[float, float] | None:
        """The paper's figures of both, or None where it has none."""
        names = self.better, self.worse
        ours, theirs = (PAPER.get(name, {}).get(self.metric) for name in names)
        return None if ours is None or theirs is None else (ours, theirs)


CLAIMS: Final = (
    Claim("decoupled tokens", _FULL, "without-decoupling", "rec", objection=_DECOUPLING),
    Claim("decoupled tokens", _FULL, "without-decoupling", "identity", objection=_DECOUPLING),
    Claim("decoupled tokens", _FULL, "without-decoupling", "edit", objection=_DECOUPLING),
    Claim("recaptioning", _FULL, "without-recaptioning", "parg"),
    Claim("recaptioning", _FULL, "without-recaptioning", "identity"),
    Claim("edit data", _FULL, "without-edit-data", "rec", objection=_EDIT_DATA),
    Claim("edit data", _FULL, "without-edit-data", "identity", objection=_EDIT_DATA),
    Claim("edit data", _FULL, "without-edit-data", "edit", objection=_EDIT_DATA),
    Claim("tokens, not a text", _FULL, "text-prompt", "rec", objection=_TEXT),
    Claim("tokens, not a text", _FULL, "text-prompt", "vqa", objection=_TEXT),
    Claim("tokens, not a text", _FULL, "text-prompt", "identity", objection=_TEXT),
    Claim("tokens, not a text", _FULL, "text-prompt", "edit", objection=_TEXT),
    Claim("all of it, not two sets", _FULL, "two-sets", "rec"),
    Claim("all of it, not two sets", _FULL, "two-sets", "parg"),
    Claim("all of it, not two sets", _FULL, "two-sets", "edit"),
    Claim("all of it, not stages", _FULL, "staged", "rec"),
    Claim("all of it, not stages", _FULL, "staged", "parg"),
    Claim("all of it, not stages", _FULL, "staged", "edit"),
    Claim("a long text knows more", "text-prompt", _FULL, "parg", objection=_TEXT),
    Claim("ours: an identifier for each side", "apart", _FULL, "identity"),
    Claim("ours: an identifier for each side", "apart", _FULL, "qa"),
    Claim("ours: an identifier for each side", "apart", _FULL, "parg"),
    Claim("ours: an identifier for each side", "apart", _FULL, "edit"),
    Claim("ours: tokens and stated facts", "hybrid", "text-prompt", "parg", objection=_TEXT),
    Claim("ours: tokens and stated facts", "hybrid", _FULL, "parg"),
    Claim("LoRA comes closer", "lora", _FULL, "identity"),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim with the figures found here and the interval of their difference.

    Attributes:
        claim: What is said.
        better, worse: The figures of both methods.
        difference: Between them.
        is_quick: Whether they come from a quick plan, which has too few items for a verdict.
    """

    claim: Claim
    better: float
    worse: float
    difference: Interval
    is_quick: bool = False

    @property
    def verdict(self) -> Verdict:
        """What can be said of the claim; what the interval says only where nothing forbids it."""
        if self.is_quick or self.difference.num_concepts < LEAST_CONCEPTS:
            return "no claim"
        if self.claim.objection is not None:
            return self.claim.objection.verdict
        if self.difference.low > 0.0:
            return "reproduced"
        return "not reproduced" if self.difference.high < 0.0 else "undecided"

    @property
    def told(self) -> str:
        """The verdict, with what it lacks where there is none."""
        if self.verdict != "no claim":
            return self.verdict
        count = self.difference.num_concepts
        concepts = "1 concept" if count == 1 else f"{count} concepts"
        return f"no claim: {concepts}{', a quick plan' if self.is_quick else ''}"


def findings(
    results: Iterable[Result], claims: Sequence[Claim] = CLAIMS, *, is_quick: bool = False
) -> list[Finding]:
    """Return what became of every claim whose two methods have results for the same concepts.

    Args:
        results: Of both methods of a claim, and of others.
        claims: What is looked at.
        is_quick: Whether the results come from a quick plan, which decides nothing.
    """
    of, found = by_method(results), []
    for claim in claims:
        ours, theirs = (
            concept_means(of.get(name, ()), claim.metric) for name in (claim.better, claim.worse)
        )
        if ours and ours.keys() == theirs.keys():
            means = fmean(ours.values()), fmean(theirs.values())
            found.append(Finding(claim, *means, difference(ours, theirs), is_quick))
    return found


def reservations(found: Sequence[Finding]) -> list[str]:
    """Return, a sentence or more each, what has to be known beside the verdicts.

    First how many differences were looked at, then every objection with the ideas that it meets.
    """
    if all(one.verdict == "no claim" for one in found):
        return [f"A verdict needs {LEAST_CONCEPTS} concepts at least, and the whole plan."]
    told = [
        f"{len(found)} differences, each with an interval of 95 %, without a correction for their "
        "number: by chance alone one in twenty excludes zero."
    ]
    ideas: dict[Objection, dict[str, None]] = {}
    for one in found:
        if one.claim.objection is not None:
            ideas.setdefault(one.claim.objection, {})[one.claim.idea] = None
    for objection, of in ideas.items():
        told.append(f"{objection.verdict.capitalize()} ({'; '.join(of)}): {objection.reason}")
    return told


def claims_table(found: Sequence[Finding]) -> str:
    """Write findings as a Markdown table with its reservations, or say that there are none."""
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
            one.told,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", *(f"- {one}" for one in reservations(found))])


def alignment_line(results: Sequence[Result]) -> str:
    """Say how much worse the words of a prompt are followed with a concept in play than without.

    Nothing where the base or the full method was not measured, or on too few concepts.
    """
    ours, theirs = (by_method(results).get(name, []) for name in (_FULL, "base"))
    if not ours or not theirs:
        return ""
    apart = difference(*(concept_means(one, _ALIGNMENT) for one in (ours, theirs)))
    if apart.num_concepts < LEAST_CONCEPTS:
        return ""
    count = sum(len(result.scores.get(_ALIGNMENT, [])) for result in ours)
    return (
        f"Text alignment with a concept in play, {_FULL} - base: {apart.value:+.3f} "
        f"[{apart.low:+.3f} {apart.high:+.3f}] over {count} details."
    )
