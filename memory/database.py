"""What a database of records can do, wherever it lies; knows how to write, not what is written.

The SQL of the memory is SQLite's, with `?` for values; `omnipersona.memory.sqlite` runs it as it
is, `omnipersona.memory.postgres` says what PostgreSQL writes otherwise. One connection behind one
lock serves all threads: at the scale of a household that is fast.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol

from omnipersona.memory.names import check_user_id
from omnipersona.memory.records import now

Value = str | int | bytes | None
Row = Mapping[str, Any]

UNWRITABLE: Final = (
    "The text holds a character that cannot be kept: half of a pair (a lone surrogate), or NUL. "
    "Type it again."
)


class BrokenRule(Exception):
    """A write that breaks a rule of the tables; nobody else's error, so it is a bug if it escapes.

    Attributes:
        is_link: The rule is that what is named exists.
    """

    def __init__(self, text: str, *, is_link: bool) -> None:
        super().__init__(text)
        self.is_link = is_link


class Writer(Protocol):
    """Writes inside one transaction."""

    def execute(self, query: str, values: Sequence[Value] = ()) -> None:
        """Run a statement.

        Raises: BrokenRule: the tables do not allow it.
        """

    def executemany(self, query: str, rows: Iterable[Sequence[Value]]) -> None:
        """Run a statement once per row of values.

        Raises: BrokenRule: the tables do not allow it.
        """


class Database(ABC):
    """An open database.

    Attributes:
        lock: Held by every read and write; hold it to make several steps one.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()

    @abstractmethod
    def rows(self, query: str, values: Sequence[Value] = ()) -> tuple[Row, ...]:
        """Return the rows of a SELECT, each by the names of its columns.

        Raises:
            InvalidText: a value cannot be written as UTF-8.
            StorageFailed: the database cannot be read.
        """

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Writer]:
        """Make everything inside one write: all of it is kept, or none.

        Raises:
            InvalidText: a value cannot be written as UTF-8.
            StorageFailed: the database cannot be written.
        """

    @abstractmethod
    def erase(self) -> None:
        """Leave as little as can be of what was deleted, however long it takes."""

    @abstractmethod
    def empty_log(self) -> None:
        """Leave nothing of what was deleted in the log, which is quick."""

    @abstractmethod
    def close(self) -> None:
        """Close it."""


def add_user(writer: Writer, user_id: str) -> None:
    """Make the user known if it is not yet.

    Raises: InvalidName: the id cannot be used.
    """
    check_user_id(user_id)
    writer.execute("INSERT INTO users VALUES (?, ?) ON CONFLICT DO NOTHING", (user_id, now()))
