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

    Attributes:
        photos, foreign, drawings, two_characters, edits, intents, phrasings, texts, concepts: Of
            each section.
        preset: How concepts are learned.
        look_alikes: Pairs of pictures per concept, one with it and one with a look-alike.
        together: Pictures of every two concepts.
        renders: Pictures that the reader itself is tested on.
    """

    photos: Section
    foreign: Section
    drawings: Section
    two_characters: Section
    edits: Section
    intents: Section
    phrasings: Section
    texts: Section
    concepts: Section
    preset: Preset
    look_alikes: int
    together: int
    renders: int


FULL: Final = Sizes(
    photos=Section(items=800),
    foreign=Section(items=120),
    # The rarest detail, the colour of a pattern, is named in two of five captions.
    drawings=Section(items=900),
    two_characters=Section(items=150),
    edits=Section(items=700),
    intents=Section(items=180),
    phrasings=Section(items=326),
    texts=Section(items=400),
    concepts=Section(items=12),
    preset="nano",
    look_alikes=26,
    together=2,
    renders=600,
)
QUICK: Final = Sizes(
    photos=Section(items=200, seconds=5.0),
    foreign=Section(items=20, seconds=1.0),
    drawings=Section(items=50, seconds=6.0),
    two_characters=Section(items=8, seconds=2.0),
    edits=Section(items=49, seconds=6.0),
    intents=Section(items=48, seconds=3.0),
    phrasings=Section(items=48, seconds=3.0),
    texts=Section(items=120, seconds=4.0),
    concepts=Section(items=1),
    preset="quick",
    look_alikes=10,
    together=1,
    renders=60,
)


def within(section: Section, make: Callable[[int], T]) -> Iterator[T]:
    """Yield `make(0)`, `make(1)`, ... until items or time run out; at least one."""
    started = time.monotonic()
    for i in range(section.items):
        if i and section.seconds is not None and time.monotonic() - started > section.seconds:
            return
        yield make(i)
