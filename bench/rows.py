"""Rows of a measurement: one figure each, with its interval, goal and number of items.

Knows numbers and names. Does not know what was measured.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import fmean, median
from typing import Final

import numpy as np

from omnipersona.bench.metrics.intervals import (
    Bounds,
    Interval,
    bootstrap,
    over_items,
    wilson,
)

_NO_GOAL: Final = "-"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure.

    Attributes:
        name: What was measured.
        value: A share in [0, 1], decibels, seconds or a distance, as the name says.
        goal: What it should reach (or not exceed); None where nothing is asked.
        ok: Whether the goal is met; True without one.
        n: Items behind the value.
        low, high: Bounds of the value's 95 % interval; None where it has none.
    """

    name: str
    value: float
    goal: float | None
    ok: bool
    n: int
    low: float | None = None
    high: float | None = None


def at_least(
    name: str, value: float, n: int, goal: float | None = None, bounds: Bounds | None = None
) -> Row:
    """Return a row of which more is better."""
    low, high = bounds or (None, None)
    return Row(name, value, goal, goal is None or value >= goal, n, low, high)


def at_most(
    name: str, value: float, n: int, goal: float | None = None, bounds: Bounds | None = None
) -> Row:
    """Return a row of which less is better."""
    low, high = bounds or (None, None)
    return Row(name, value, goal, goal is None or value <= goal, n, low, high)


@dataclass(slots=True)
class Tally:
    """Hits and misses of independent items, by topic."""

    hits: dict[str, list[bool]] = field(default_factory=dict)

    def add(self, topic: str, hit: bool) -> None:
        """Count one item."""
        self.hits.setdefault(topic, []).append(hit)

    def count(self, topic: str) -> int:
        """Return the number of items of a topic."""
        return len(self.hits.get(topic, ()))

    def share(self, topic: str) -> float:
        """Return the share of hits; 0 where no item was seen."""
        hits = self.hits.get(topic, ())
        return sum(hits) / len(hits) if hits else 0.0

    def total(self) -> tuple[float, int]:
        """Return the share of hits over all items, and their number."""
        every = self._every()
        return (sum(every) / len(every) if every else 0.0), len(every)

    def row(self, name: str, topic: str, goal: float | None = None) -> Row:
        """Return the row of one topic, of which more is better."""
        return at_least(name, self.share(topic), self.count(topic), goal, self._bounds(topic))

    def row_at_most(self, name: str, topic: str, goal: float) -> Row:
        """Return the row of one topic, of which less is better."""
        return at_most(name, self.share(topic), self.count(topic), goal, self._bounds(topic))

    def total_row(self, name: str, goal: float | None = None) -> Row:
        """Return the row of all items."""
        share, count = self.total()
        return at_least(name, share, count, goal, wilson(sum(self._every()), count))

    def _every(self) -> list[bool]:
        return [hit for hits in self.hits.values() for hit in hits]

    def _bounds(self, topic: str) -> Bounds | None:
        return wilson(sum(self.hits.get(topic, ())), self.count(topic))


@dataclass(slots=True)
class GroupedTally:
    """Hits and misses by topic and group: items of one concept, or of one picture, hang together.

    Groups weigh the same, however many items they have.
    """

    hits: dict[str, dict[str, list[bool]]] = field(default_factory=dict)

    def add(self, topic: str, group: str, hit: bool) -> None:
        """Count one item."""
        self.hits.setdefault(topic, {}).setdefault(group, []).append(hit)

    def of(self, *topics: str) -> dict[str, list[bool]]:
        """Return the hits of some topics by group, of all if none is named."""
        found: dict[str, list[bool]] = {}
        for topic in topics or self.hits:
            for group, hits in self.hits.get(topic, {}).items():
                found.setdefault(group, []).extend(hits)
        return found

    def row(self, name: str, *topics: str, goal: float | None = None) -> Row:
        """Return the row of some topics, of all if none is named; 0 where no item was seen."""
        if not (found := self.of(*topics)):
            return at_least(name, 0.0, 0, goal)
        return interval_row(name, over_items(found), goal)


def interval_row(name: str, interval: Interval, goal: float | None = None) -> Row:
    """Return a mean over groups as a row; one group alone has no interval."""
    bounds = (interval.low, interval.high) if interval.num_concepts > 1 else None
    return at_least(name, interval.value, interval.num_items, goal, bounds)


def mean_row(name: str, values: Sequence[float], goal: float | None = None) -> Row:
    """Return the mean of a figure per item as a row."""
    return at_least(name, fmean(values), len(values), goal, bootstrap(values, np.mean))


def median_row(name: str, values: Sequence[float]) -> Row:
    """Return the median of a figure per item as a row."""
    return at_least(name, median(values), len(values), bounds=bootstrap(values, np.median))


def seconds_row(name: str, seconds: Sequence[float], goal: float) -> Row:
    """Return the median of `seconds` as a row; 0 where nothing was timed.

    Without interval: what differs between runs is the machine, not the sample.
    """
    return at_most(name, median(seconds) if seconds else 0.0, len(seconds), goal)


def table(rows: Iterable[Row]) -> str:
    """Write rows as an aligned table; the last column says where a goal is missed.

    Intervals have a column where there are any.
    """
    lines = [["name", "value", "95 %", "goal", "n", ""]]
    for row in rows:
        goal = _NO_GOAL if row.goal is None else f"{row.goal:.3g}"
        missed = "" if row.ok else "MISSED"
        lines.append([row.name, f"{row.value:.3f}", _interval(row), goal, str(row.n), missed])
    if not any(line[2] for line in lines[1:]):
        lines = [line[:2] + line[3:] for line in lines]
    first, *others = (max(map(len, column)) for column in zip(*lines, strict=True))
    cells = ([line[0].ljust(first), *map(str.rjust, line[1:], others)] for line in lines)
    return "\n".join("  ".join(row).rstrip() for row in cells)


def _interval(row: Row) -> str:
    if row.low is None or row.high is None:
        return ""
    low, high = (f"{bound:.3f}".removeprefix("0") for bound in (row.low, row.high))
    return f"[{low} {high}]"


def as_json(rows: Iterable[Row]) -> str:
    """Write rows as one JSON object; a value that is no number becomes null."""
    content = [asdict(row) for row in rows]
    for row in content:
        for name in ("value", "low", "high"):
            is_number = row[name] is not None and math.isfinite(row[name])
            row[name] = row[name] if is_number else None
    return json.dumps({"rows": content})
