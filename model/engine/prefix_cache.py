"""How requests begin, read once: the prefixes of concepts, system prompts, in-context examples.

Most requests of a conversation begin alike. What was read stays as keys and values, and requests
grow on forks of it, so that answers and pictures are the same as if it had been read again. Knows
contexts. Does not know what they hold.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from typing import Any, Final, Protocol, Self, TypeVar

MAX_ROWS: Final = 4096
"""Rows kept at most: 235 MB for BAGEL in bfloat16."""


class Forkable(Protocol):
    """Contexts that others can grow from."""

    @property
    def num_rows(self) -> int:
        """Rows held."""

    def fork(self) -> Self:
        """Return contexts that grow on their own."""


F = TypeVar("F", bound=Forkable)


@dataclass(frozen=True, slots=True)
class _Kept:
    contexts: Any
    concepts: frozenset[str]


class PrefixCache:
    """Contexts by what they have read, the most recently used ones; safe between threads."""

    def __init__(self, max_rows: int = MAX_ROWS) -> None:
        self._max_rows = max_rows
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def grown_from(self, key: Hashable, concepts: Collection[str], read: Callable[[], F]) -> F:
        """Return a fork of what `read` returns, reading only if it is not kept.

        Args:
            key: Equal for requests that begin alike.
            concepts: Hashes of the token files that are read.
            read: Reads the beginning.
        """
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                found: F = self._kept[key].contexts
                return found.fork()
        made = read()
        with self._lock:
            self._kept[key] = _Kept(made, frozenset(concepts))
            while len(self._kept) > 1 and self.num_rows > self._max_rows:
                self._kept.popitem(last=False)
        return made.fork()

    @property
    def num_rows(self) -> int:
        """Rows kept."""
        return sum(one.contexts.num_rows for one in self._kept.values())

    def drop(self, sha256: str) -> int:
        """Forget every beginning that has read a token file; return how many there were."""
        with self._lock:
            gone = [key for key, one in self._kept.items() if sha256 in one.concepts]
            for key in gone:
                del self._kept[key]
        return len(gone)
