"""One SQLite file, safe between threads; knows how to write, not what is written.

Write-ahead log, every commit flushed, foreign keys on, deleted text overwritten. No reader can keep
a forgotten text alive in the log, because there is one connection.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from omnipersona.memory.database import UNWRITABLE, BrokenRule, Database, Row, Value, Writer
from omnipersona.memory.errors import InvalidText, StorageFailed
from omnipersona.memory.migrations import Migration, migrate


class SqliteDatabase(Database):
    """The open file."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        super().__init__()
        self._connection = connection
        self._path = path

    @classmethod
    def open(cls, path: Path, migrations: tuple[Migration, ...]) -> Self:
        """Open or make the file and bring it up to date.

        Raises: StorageFailed: it cannot be opened, is damaged or comes from a newer version.
        """
        with _sentences(path):
            connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            try:
                connection.row_factory = _by_name
                connection.execute("PRAGMA journal_mode = WAL")
                for pragma in (
                    "synchronous = FULL",
                    "foreign_keys = ON",
                    "secure_delete = ON",
                    "temp_store = MEMORY",
                ):
                    connection.execute(f"PRAGMA {pragma}")
                opened = cls(connection, path)
                migrate(opened, migrations)
            except (sqlite3.Error, StorageFailed):
                connection.close()
                raise
        return opened

    def rows(self, query: str, values: Sequence[Value] = ()) -> tuple[Row, ...]:
        """Return the rows of a SELECT, each by the names of its columns.

        Raises:
            InvalidText: a value cannot be written as UTF-8.
            StorageFailed: the file cannot be read.
        """
        with self.lock, _sentences(self._path):
            return tuple(self._connection.execute(query, values).fetchall())

    @contextmanager
    def transaction(self) -> Iterator[Writer]:
        """Make everything inside one write: all of it is kept, or none.

        Raises:
            InvalidText: a value cannot be written as UTF-8.
            StorageFailed: the disk is full or read-only.
        """
        with self.lock, _sentences(self._path), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            yield _SqliteWriter(self._connection)

    def erase(self) -> None:
        """Rewrite the file so that no deleted byte is left in it or in its log."""
        with self.lock, _sentences(self._path):
            self._connection.execute("VACUUM")
            self.empty_log()

    def empty_log(self) -> None:
        """Move the write-ahead log into the file, where deleted text is overwritten."""
        with self.lock, _sentences(self._path):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close the file; its log is merged into it."""
        with self.lock:
            self._connection.close()


class _SqliteWriter:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, query: str, values: Sequence[Value] = ()) -> None:
        with _rules():
            self._connection.execute(query, values)

    def executemany(self, query: str, rows: Iterable[Sequence[Value]]) -> None:
        with _rules():
            self._connection.executemany(query, rows)


def _by_name(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}


@contextmanager
def _rules() -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise BrokenRule(str(error), is_link="FOREIGN KEY" in str(error)) from error


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.DatabaseError as error:
        raise StorageFailed(
            f"The file {path} cannot be used: {error}. Nothing was changed; free some "
            "space, make the folder writable or restore it from a copy."
        ) from error
    except UnicodeEncodeError as error:
        raise InvalidText(UNWRITABLE) from error
