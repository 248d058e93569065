"""What a comparison is made on: concepts that can be taught, and that a persona can be scored by.

Knows the drawn world's concepts as one kind of them. Does not know methods or the order of work.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from omnipersona.bench.omnip.items import ConceptItems, Counts, concept_items
from omnipersona.bench.omnip.persona import Persona
from omnipersona.bench.omnip.scores import Scores, noise_seed, score
from omnipersona.bench.reader import Reader
from omnipersona.model.contract import LearnRequest
from omnipersona.model.studio import Studio


class Subject(Protocol):
    """One concept of a comparison."""

    @property
    def number(self) -> int:
        """Its place in the comparison, from 0."""

    def lesson(self, seed: int, num_photos: int) -> LearnRequest:
        """Return what every method is taught with."""

    def scores(self, persona: Persona, seed: int) -> Iterator[Scores]:
        """Yield the growing scores of a persona after each item."""


@dataclass(frozen=True, slots=True)
class WorldSubject:
    """A held-out concept of the drawn world, whose truths are exact."""

    items: ConceptItems
    reader: Reader

    @property
    def number(self) -> int:
        """Its place in the comparison, from 0."""
        return self.items.number

    def lesson(self, seed: int, num_photos: int) -> LearnRequest:
        """Return what every method is taught with."""
        return self.items.lesson(seed, num_photos)

    def scores(self, persona: Persona, seed: int) -> Iterator[Scores]:
        """Yield the growing scores of a persona after each item."""
        return score(persona, self.items, self.reader, noise_seed(self.number, seed))


def world_subjects(studio: Studio, reader: Reader, count: int, counts: Counts) -> list[Subject]:
    """Return the first `count` held-out concepts of the drawn world."""
    size = studio.config.image_size
    return [WorldSubject(concept_items(i, size, counts), reader) for i in range(count)]
