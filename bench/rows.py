"""Rows of a measurement: one figure each, with its goal and the number of items behind it.

Knows numbers and names. Does not know what was measured.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Final

_NO_GOAL: Final = "-"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure.

    Attributes:
        name: What was measured.
        value: A share in [0, 1], decibels or seconds, as the name says.
        goal: What it should reach (or not exceed); None where nothing is asked.
        ok: Whether the goal is met; True without one.
        n: Items behind the value.
    """

    name: str
    value: float
    goal: float | None
    ok: bool
    n: int


def at_least(name: str, value: float, n: int, goal: float | None = None) -> Row:
    """Return a row of which more is better."""
    return Row(name=name, value=value, goal=goal, ok=goal is None or value >= goal, n=n)


def at_most(name: str, value: float, n: int, goal: float) -> Row:
    """Return a row of which less is better."""
    return Row(name=name, value=value, goal=goal, ok=value <= goal, n=n)


@dataclass(slots=True)
class Tally:
    """Hits and misses, by topic."""

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
        every = [hit for hits in self.hits.values() for hit in hits]
        return (sum(every) / len(every) if every else 0.0), len(every)

    def row(self, name: str, topic: str, goal: float | None = None) -> Row:
        """Return the row of one topic."""
        return at_least(name, self.share(topic), self.count(topic), goal)


def seconds_row(name: str, seconds: Sequence[float], goal: float) -> Row:
    """Return the median of `seconds` as a row; 0 where nothing was timed."""
    return at_most(name, median(seconds) if seconds else 0.0, len(seconds), goal)


def table(rows: Iterable[Row]) -> str:
    """Write rows as an aligned table; the last column says where a goal is missed."""
    lines = [("name", "value", "goal", "n", "")]
    for row in rows:
        goal = _NO_GOAL if row.goal is None else f"{row.goal:.3g}"
        lines.append((row.name, f"{row.value:.3f}", goal, str(row.n), "" if row.ok else "MISSED"))
    widths = [max(len(line[i]) for line in lines) for i in range(5)]
    first, *others = widths
    cells = ([f"{line[0]:<{first}}", *map(str.rjust, line[1:4], others), line[4]] for line in lines)
    return "\n".join("  ".join(row).rstrip() for row in cells)


def as_json(rows: Iterable[Row]) -> str:
    """Write rows as one JSON object; a value that is no number becomes null."""
    content = [asdict(row) for row in rows]
    for row in content:
        row["value"] = row["value"] if math.isfinite(row["value"]) else None
    return json.dumps({"rows": content})
