"""Small stand-ins for tests: pictures, concepts with tokens, sentences without a network."""

import zlib
from typing import TYPE_CHECKING

from omnipersona.model.errors import ModelError
from omnipersona.testing import ScriptedModel, plain_png

if TYPE_CHECKING:
    from omnipersona.memory.memory import Memory
    from omnipersona.memory.records import Concept


def png(colour: str = "red", size: tuple[int, int] = (16, 16)) -> bytes:
    """Return a small one-coloured PNG."""
    return plain_png(colour, size)


def taught(
    memory: "Memory", user_id: str, concept_id: str, data: bytes, fingerprint: str = "base"
) -> "Concept":
    """Give a concept tokens, as a lesson that ends well does."""
    added = memory.jobs.add(user_id, concept_id)
    job = memory.jobs.lease()
    assert job is not None
    assert job.id == added.id, "another lesson waits"
    assert memory.jobs.keep(job, data, fingerprint, is_last=True)
    return memory.concepts.get(user_id, concept_id)


class LastingModel(ScriptedModel):
    """Outlives the sessions that close it, so that the next one finds what was asked."""

    def close(self) -> None:
        pass


class BrokenModelError(ModelError):
    """A model error for tests."""


class WordEncoder:
    """Sentences as bags of hashed words: fast, and near where words are shared."""

    name = "words"

    def encode(self, sentences: list[str]) -> list[list[float]]:
        vectors = []
        for sentence in sentences:
            vector = [0.01] * 64
            for word in sentence.lower().replace("?", " ").replace(":", " ").split():
                vector[zlib.crc32(word.encode()) % 64] += 1.0
            length = sum(x * x for x in vector) ** 0.5
            vectors.append([x / length for x in vector])
        return vectors
