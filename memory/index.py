"""Vectors of facts, ids and numbers only; knows nothing of texts' owners or meaning.

The index is a shadow of the store: before every search it is brought level with the facts it is
given, so it can be missing, stale or damaged without loss. `omnipersona.memory.chroma` keeps it in
folders, `omnipersona.memory.vectors` in a table of PostgreSQL.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from omnipersona.memory.encoder import Encoder

BATCH = 500
Scores = dict[str, float]


class FactIndex(ABC):
    """The vectors of all users."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._locks: dict[str, threading.RLock] = {}
        self._guard = threading.Lock()

    @contextmanager
    def held(self, user_id: str) -> Iterator[None]:
        """Keep other threads from this user's index, for instance while facts are read for it."""
        with self._guard:
            lock = self._locks.setdefault(user_id, threading.RLock())
        with lock:
            yield

    @abstractmethod
    def nearest(
        self,
        user_id: str,
        sentences: Mapping[str, str],
        question: str,
        groups: Sequence[Sequence[str]],
        limit: int,
    ) -> tuple[Scores, ...]:
        """Return the nearest sentences of each group with their cosine similarity.

        Args:
            user_id: Whose index.
            sentences: Every fact that the user has, by id; the index is brought level with them.
            question: What to compare with.
            groups: Ids to choose among; all of them keys of `sentences`.
            limit: Most results per group.
        Raises: StorageFailed: the index cannot be written, not even a new one.
        """

    @abstractmethod
    def drop(self, user_id: str) -> None:
        """Remove a user's vectors; the next search makes them again.

        Raises: StorageFailed: they cannot be removed.
        """

    def warm_up(self) -> None:
        """Load the encoder now, which takes seconds, instead of at the first search."""
        self._encoder.encode(["ready"])

    @abstractmethod
    def close(self) -> None:
        """Close it."""


def missing(
    sentences: Mapping[str, str], present: set[str], encoder: Encoder
) -> Iterator[tuple[list[str], list[list[float]]]]:
    """Yield the ids that are not present yet with their vectors, some hundred at a time."""
    ids = [key for key in sentences if key not in present]
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        yield some, encoder.encode([sentences[key] for key in some])
