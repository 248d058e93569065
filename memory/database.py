"""One SQLite file, safe between threads; knows how to write, not what is written.

Write-ahead log, every commit flushed, foreign keys on, deleted text overwritten. One connection
behind one lock serves all threads: at the scale of a household that is fast, and no reader can
keep a forgotten text alive in the log.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from omnipersona.memory.errors import InvalidText, StorageFailed
from omnipersona.memory.migrations import migrate
from omnipersona.memory.names import check_user_id
from omnipersona.memory.records import now

Value = str | int | None


class Database:
    """The open file.

    Attributes:
        lock: Held by every read and write; hold it to make several steps one.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.lock = threading.RLock()
        self._connection = connection
        self._path = path

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open or make the file and bring it up to date.

        Raises: StorageFailed: it cannot be opened, is damaged or comes from a newer version.
        """
        with _sentences(path):
            connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            try:
                connection.row_factory = sqlite3.Row
                connection.execute("PRAGMA journal_mode = WAL")
                for pragma in (
                    "synchronous = FULL",
                    "foreign_keys = ON",
                    "secure_delete = ON",
                    "temp_store = MEMORY",
                ):
                    connection.execute(f"PRAGMA {pragma}")
                migrate(connection)
            except (sqlite3.Error, StorageFailed):
                connection.close()
                raise
        return cls(connection, path)

    def rows(self, query: str, values: Sequence[Value] = ()) -> tuple[sqlite3.Row, ...]:
        """Return the rows of a SELECT.

        Raises:
            InvalidText: a value cannot be written as UTF-8.
            StorageFailed: the file cannot be read.
        """
        with self.lock, _sentences(self._path):
            return tuple(self._connection.execute(query, values).fetchall())

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Make everything inside one write: all of it is kept, or none.

        Raises:
            InvalidText: a value cannot be written as UTF-8.
            StorageFailed: the disk is full or read-only.
        """
        with self.lock, _sentences(self._path), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection

    def erase(self) -> None:
        """Rewrite the file so that no deleted byte is left in it or in its log."""
        with self.lock, _sentences(self._path):
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close the file; its log is merged into it."""
        with self.lock:
            self._connection.close()


def add_user(connection: sqlite3.Connection, user_id: str) -> None:
    """Make the user known if it is not yet.

    Raises: InvalidName: the id cannot be used.
    """
    check_user_id(user_id)
    connection.execute("INSERT OR IGNORE INTO users VALUES (?, ?)", (user_id, now()))


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise
    except sqlite3.DatabaseError as error:
        raise StorageFailed(
            f"The memory file {path} cannot be used: {error}. Nothing was changed; free some "
            "space, make the folder writable or restore it from a copy."
        ) from error
    except UnicodeEncodeError as error:
        raise InvalidText(
            "The text holds half of a character pair (a lone surrogate); type it again."
        ) from error
