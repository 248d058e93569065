"""Results to figures: means over items, concepts and repetitions, with intervals over concepts.

Knows metrics by name. Does not know methods.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from omnipersona.bench.metrics.intervals import Interval, difference, over_concepts
from omnipersona.bench.omnip.run import Result

EDIT_METRICS: Final = tuple(
    f"edit {kind}"
    for kind in ("remove", "add", "replace", "recolor", "background", "object", "accessory")
)
METRICS: Final = (
    "rec",
    "recall",
    "specificity",
    "unparsable",
    "rec, calibrated",
    "vqa",
    "qa",
    "choice",
    "identity",
    "clip-i",
    "dino",
    "face",
    "no face",
    "text alignment",
    "clip-t",
    "parg",
    "parg, words",
    "edit",
    "edit done",
    "edit kept",
    "edit identity",
    "edit clip-i",
    *EDIT_METRICS,
    *(f"kept after {count}" for count in range(1, 6)),
    "judge failed",
    "seconds",
    "kilobytes",
)
"""Shares in [0, 1] and cosines, and last what teaching a concept cost."""


def figures(results: Iterable[Result]) -> dict[str, dict[str, Interval]]:
    """Return every metric of every method."""
    return {name: _of_method(found) for name, found in by_method(results).items()}


def by_method(results: Iterable[Result]) -> dict[str, list[Result]]:
    """Return the results of each method."""
    found: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        found[result.method].append(result)
    return dict(found)


def _of_method(results: Sequence[Result]) -> dict[str, Interval]:
    found = {}
    for metric in METRICS:
        num_items = sum(len(_scores(result, metric)) for result in results)
        if num_items:
            found[metric] = over_concepts(concept_means(results, metric), num_items=num_items)
    return found


def gains(last: Iterable[Result], first: Iterable[Result]) -> dict[str, dict[str, Interval]]:
    """Return, for the methods of both, by how much the last results are above the first."""
    after, before = by_method(last), by_method(first)
    found: dict[str, dict[str, Interval]] = defaultdict(dict)
    for name in filter(before.__contains__, after):
        for metric in METRICS:
            ours, theirs = (concept_means(of[name], metric) for of in (after, before))
            if ours and ours.keys() == theirs.keys():
                found[name][metric] = difference(ours, theirs)
    return dict(found)


def concept_means(results: Iterable[Result], metric: str) -> dict[str, float]:
    """Return the mean of a metric for each concept that has it; repetitions count alike."""
    means: dict[str, list[float]] = defaultdict(list)
    for result in results:
        scores = _scores(result, metric)
        if scores:
            means[str(result.concept)].append(sum(scores) / len(scores))
    return {concept: sum(values) / len(values) for concept, values in means.items()}


def _scores(result: Result, metric: str) -> list[float]:
    """Return the scores of a metric; `rec` weighs presence and absence alike."""
    scores = result.scores
    if metric == "seconds":
        return [result.seconds]
    if metric == "kilobytes":
        return [result.num_bytes / 1000]
    if metric == "rec":
        sides = [scores.get(side, []) for side in ("recall", "specificity")]
        return [sum(side) / len(side) for side in sides if side]
    if metric == "edit":
        return [value for kind in EDIT_METRICS for value in scores.get(kind, [])]
    return scores.get(metric, [])


def as_table(found: dict[str, dict[str, Interval]], metrics: Sequence[str] = METRICS) -> str:
    """Write figures as an aligned table, a method per line; half widths of intervals follow."""
    shown = [m for m in metrics if any(m in row for row in found.values())]
    lines = [["method", *shown]]
    for name, row in found.items():
        lines.append([name, *(_cell(row.get(metric)) for metric in shown)])
    widths = [max(len(line[i]) for line in lines) for i in range(len(shown) + 1)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _cell(interval: Interval | None) -> str:
    if interval is None:
        return "-"
    return f"{interval.value:.2f} [{interval.low:.2f} {interval.high:.2f}]"
