"""Search over vectors of facts: ids and numbers only, made from the records and made again.

Every vector lies beside its fact in the records; an index may be missing, behind or damaged without
loss, and needs no encoder to be made again. What it finds counts only if the records still know it.
`memory.chroma` keeps indexes in folders, `memory.vectors` searches in PostgreSQL. Knows ids. Does
not know words.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""(n, width), each of length 1."""

Scores = dict[str, float]


class FactIndex(Protocol):
    """The indexes of all users for one encoder."""

    def follow(self, user_id: str) -> None:
        """Take in the vectors that the records have got since.

        Raises: StorageFailed: the index cannot be written, not even a new one.
        """

    def nearest(self, user_id: str, vector: Vectors, count: int) -> Scores:
        """Return the ids of so many facts that lie nearest, with their cosine similarities.

        Among them may be forgotten and retired ones.

        Raises: StorageFailed: the index cannot be read, not even a new one.
        """

    def renew(self, user_id: str) -> None:
        """Make a user's index anew from the records, without a byte of what was forgotten.

        Raises: StorageFailed: it cannot be written.
        """

    def drop(self, user_id: str) -> None:
        """Remove a user's index.

        Raises: StorageFailed: it cannot be removed.
        """

    def close(self) -> None:
        """Close it."""


def as_bytes(vectors: Sequence[Sequence[float]]) -> list[bytes]:
    """Return vectors as they are kept."""
    return [np.asarray(vector, dtype="<f4").tobytes() for vector in vectors]


def as_vectors(kept: Sequence[bytes]) -> Vectors:
    """Return kept vectors, (n, width)."""
    return np.stack([np.frombuffer(one, dtype="<f4") for one in kept])
