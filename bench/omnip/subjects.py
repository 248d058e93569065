"""What a comparison is made on: concepts that can be taught, and that a persona can be scored by.

Knows how much each concept is asked. Does not know methods or the order of work.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from omnipersona.bench.omnip.persona import Persona
from omnipersona.bench.omnip.scores import Scores
from omnipersona.model.contract import LearnRequest


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """Items of each kind per concept; `edits` counts per edit kind, `chain` edits in a row."""

    photos: int = 10
    recognition: int = 20
    questions: int = 10
    prompts: int = 6
    wishes: int = 6
    edits: int = 2
    chain: int = 5


ALIGNMENT: Final = Counts(recognition=0, questions=0, prompts=100, wishes=0, edits=0, chain=0)
QUICK: Final = Counts(recognition=4, questions=3, prompts=2, wishes=2, edits=1, chain=0)


class Subject(Protocol):
    """One concept of a comparison."""

    @property
    def number(self) -> int:
        """Its place in the comparison, from 0."""

    def lesson(self, seed: int, num_photos: int) -> LearnRequest:
        """Return what every method is taught with."""

    def scores(self, persona: Persona, seed: int) -> Iterator[Scores]:
        """Yield the growing scores of a persona after each item."""
