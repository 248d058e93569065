"""How much is measured: items per section, and where time is short, seconds per section.

Items of a section always come in the same order, so a shorter sample is the start of a longer one.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from omnipersona.model.contract import Preset

T = TypeVar("T")

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """The size of one section.

    Attributes:
        items: Items at most.
        seconds: No new item is begun after this; None is no limit.
    """

    items: int
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """The size of a whole run.

    Concepts are learned with `preset`; `renders` are those that the reader itself is tested on.
    """

    photos: Section
    foreign: Section
    drawings: Section
    edits: Section
    intents: Section
    phrasings: Section
    texts: Section
    concepts: Section
    preset: Preset
    renders: int


FULL: Final = Sizes(
    photos=Section(items=800),
    foreign=Section(items=120),
    drawings=Section(items=160),
    edits=Section(items=140),
    intents=Section(items=180),
    phrasings=Section(items=326),
    texts=Section(items=400),
    concepts=Section(items=6),
    preset="nano",
    renders=600,
)
QUICK: Final = Sizes(
    photos=Section(items=200, seconds=6.0),
    foreign=Section(items=20, seconds=1.0),
    drawings=Section(items=50, seconds=7.0),
    edits=Section(items=49, seconds=8.0),
    intents=Section(items=48, seconds=3.0),
    phrasings=Section(items=48, seconds=3.0),
    texts=Section(items=120, seconds=4.0),
    concepts=Section(items=1),
    preset="quick",
    renders=60,
)


def within(section: Section, make: Callable[[int], T]) -> Iterator[T]:
    """Yield `make(0)`, `make(1)`, ... until items or time run out; at least one."""
    started = time.monotonic()
    for i in range(section.items):
        if i and section.seconds is not None and time.monotonic() - started > section.seconds:
            return
        yield make(i)
