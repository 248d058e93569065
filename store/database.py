"""An open database of records: SQLite in the data folder, or a schema of PostgreSQL.

Every read and write happens in the name of one owner (`Records`): their id is put into each
statement here, so no caller can leave it out, and another user's ids find nothing. Knows engines,
transactions and owners. Does not know what rows mean.
"""

import os
import sqlite3
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, RowMapping
from sqlalchemy.sql import visitors

from omnipersona.store.errors import InvalidText, StorageFailed
from omnipersona.store.names import check_user_id
from omnipersona.store.schema import OWNER, users

Row = RowMapping
Values = Mapping[str, Any]

UNWRITABLE: Final = (
    "The text holds a character that cannot be kept: half of a pair (a lone surrogate), or NUL. "
    "Type it again."
)

_BUSY_SECONDS: Final = 20.0
_READERS: Final = 8
_AT_ONCE: Final = 500  # values of one statement; SQLite takes 32,766 parameters


def new_id() -> str:
    """Return a fresh id, 32 hex digits."""
    return uuid.uuid4().hex


def now() -> str:
    """Return the present time as stored: UTC in ISO 8601 with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


class Records:
    """One owner's rows, inside one transaction.

    Args:
        connection: With an open transaction.
        owner: Whose rows.
    """

    def __init__(self, connection: Connection, owner: str) -> None:
        self._connection = connection
        self.owner = owner

    def rows(self, query: "sa.Select[Any]") -> Sequence[Row]:
        """Return the rows that a query finds among the owner's."""
        return self._connection.execute(self._owned(query)).mappings().all()

    def first(self, query: "sa.Select[Any]") -> Row | None:
        """Return the first row that a query finds among the owner's."""
        return self._connection.execute(self._owned(query)).mappings().first()

    def rows_in(
        self, query: "sa.Select[Any]", column: "sa.ColumnElement[Any]", values: Sequence[str]
    ) -> list[Row]:
        """Return the owner's rows in which a column has one of any number of values, unordered."""
        return [
            row for some in in_parts(values) for row in self.rows(query.where(column.in_(some)))
        ]

    def insert(self, table: sa.Table, values: Values) -> None:
        """Add one of the owner's rows."""
        self._connection.execute(sa.insert(table).values({**values, OWNER: self.owner}))

    def insert_all(self, table: sa.Table, rows: Sequence[Values]) -> None:
        """Add several of the owner's rows."""
        if rows:
            owned = [{**values, OWNER: self.owner} for values in rows]
            self._connection.execute(sa.insert(table), owned)

    def insert_missing(self, table: sa.Table, values: Values) -> bool:
        """Add one of the owner's rows, unless there is one with its key; return whether it was."""
        added = _insert(self._connection, table).values({**values, OWNER: self.owner})
        return self._connection.execute(added.on_conflict_do_nothing()).rowcount > 0

    def insert_unowned(self, table: sa.Table, values: Values) -> None:
        """Add a row to a table of rows that belong to nobody, unless there is one with its key."""
        added = _insert(self._connection, table).values(dict(values))
        self._connection.execute(added.on_conflict_do_nothing())

    def put(self, table: sa.Table, values: Values) -> None:
        """Add one of the owner's rows, or change the one with its key."""
        added = _insert(self._connection, table).values({**values, OWNER: self.owner})
        key = [column.name for column in table.primary_key]
        changes = {name: added.excluded[name] for name in values if name not in key}
        self._connection.execute(added.on_conflict_do_update(index_elements=key, set_=changes))

    def update(self, table: sa.Table, values: Values, *where: "sa.ColumnElement[bool]") -> int:
        """Change those of the owner's rows; return how many."""
        changed = sa.update(table).where(table.c[OWNER] == self.owner, *where).values(values)
        return self._connection.execute(changed).rowcount

    def delete(self, table: sa.Table, *where: "sa.ColumnElement[bool]") -> int:
        """Delete those of the owner's rows; return how many."""
        gone = sa.delete(table).where(table.c[OWNER] == self.owner, *where)
        return self._connection.execute(gone).rowcount

    def myself(self) -> Row:
        """Return the owner's own row."""
        found = sa.select(users).where(users.c.id == self.owner)
        return self._connection.execute(found).mappings().one()

    def delete_myself(self) -> None:
        """Delete the owner with everything that is theirs."""
        self._connection.execute(sa.delete(users).where(users.c.id == self.owner))

    def _owned(self, query: "sa.Select[Any]") -> "sa.Select[Any]":
        """Return a query that sees the owner's rows alone, in each of its tables."""
        for source in query.get_final_froms():
            for part in visitors.iterate(source):
                if isinstance(part, sa.Table | sa.Alias):
                    query = query.where(part.c[OWNER] == self.owner)
        return query


def in_parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield ids in parts that a statement can hold."""
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]


class Database:
    """An open database.

    Args:
        engine: Of SQLite or PostgreSQL; `open_sqlite` and `store.postgres` make them.
        failures: Turns what the driver says into sentences.
    """

    def __init__(self, engine: Engine, failures: "Failures") -> None:
        self._engine = engine
        self._failures = failures
        self._local = threading.local()
        self.is_sqlite = engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self, owner: str) -> Iterator[Records]:
        """See the owner's rows as they are at one moment; inside a write, as it leaves them.

        Raises:
            InvalidText: a value cannot be written as UTF-8.
            StorageFailed: the database cannot be read.
        """
        records = self._open_of(owner)
        if records is not None:
            yield records
            return
        with self._failures.told(), self._engine.connect() as connection:
            yield Records(connection, owner)

    @contextmanager
    def writing(self, owner: str) -> Iterator[Records]:
        """Make everything inside one write of the owner's: all of it is kept, or none.

        A write inside a write of the same owner is a part of it.

        Raises:
            InvalidName: the owner's id cannot be used.
            InvalidText: a value cannot be written as UTF-8.
            StorageFailed: the database cannot be written.
        """
        records = self._open_of(owner)
        if records is not None:
            yield records
            return
        check_user_id(owner)
        with self._failures.told(), self._begin() as connection:
            known = _insert(connection, users).values(id=owner, created_at=now())
            connection.execute(known.on_conflict_do_nothing())
            records = self._local.records = Records(connection, owner)
            try:
                yield records
            finally:
                self._local.records = None

    def has(self, owner: str) -> bool:
        """Return whether anything was ever written in someone's name; a write would make them."""
        with self._failures.told(), self._engine.connect() as connection:
            found = sa.select(users.c.id).where(users.c.id == owner)
            return connection.execute(found).first() is not None

    @contextmanager
    def of_all(self) -> Iterator[Connection]:
        """Make one write that belongs to nobody, or to everybody: upkeep, never a user's request.

        Raises: StorageFailed: the database cannot be written.
        """
        with self._failures.told(), self._begin() as connection:
            yield connection

    def empty_log(self) -> None:
        """Leave nothing of what was deleted in SQLite's log, as far as nobody reads there."""
        if self.is_sqlite:
            self._plainly("PRAGMA wal_checkpoint(TRUNCATE)")

    def rewrite(self) -> None:
        """Write everything anew, without the room that deleted rows left; for idle moments."""
        self._plainly("VACUUM")
        self.empty_log()

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _plainly(self, statement: str) -> None:
        """Run what is allowed outside of transactions alone."""
        with self._failures.told(), self._engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None, "it was just opened"
            driver.execute(statement).fetchall()

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        # SQLite is told at once that a write begins: one that finds out later may not be let in.
        options = {"is_write": True}
        with self._engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection

    def _open_of(self, owner: str) -> Records | None:
        records: Records | None = getattr(self._local, "records", None)
        if records is not None and records.owner != owner:
            raise RuntimeError("A write of one user reads or writes nothing of another's.")
        return records


class Failures:
    """Sentences for what a driver says.

    Args:
        sentence: Of an error that is not the program's own.
    """

    def __init__(self, sentence: Any) -> None:
        self._sentence = sentence

    @contextmanager
    def told(self) -> Iterator[None]:
        """Raise what a user can be told instead of what a driver says."""
        try:
            yield
        except sa.exc.IntegrityError:
            raise
        except (sa.exc.DataError, UnicodeEncodeError) as error:
            raise InvalidText(UNWRITABLE) from error
        except (sa.exc.DBAPIError, sa.exc.TimeoutError, sqlite3.Error) as error:
            if isinstance(getattr(error, "orig", None), sqlite3.ProgrammingError):
                raise
            full = is_full(getattr(error, "orig", error))
            raise StorageFailed(self._sentence(error), is_full=full) from error


def is_full(error: object) -> bool:
    """Return whether SQLite failed because the disk has no room left."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def read_only(path: Path) -> "closing[sqlite3.Connection]":
    """Open a SQLite file that must not change; closed where a `with` ends.

    Raises: sqlite3.Error: it cannot be opened.
    """
    return closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True))


def check_sqlite(path: Path) -> None:
    """Look whether a SQLite file is whole, if it is there; changes nothing.

    Raises: StorageFailed: it is damaged, or no database.
    """
    if not path.exists():
        return
    try:
        with read_only(path) as opened:
            [(told,), *_] = opened.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.Error as error:
        told = str(error)
    if told != "ok":
        raise StorageFailed(f"The file {path} is damaged: {told}. Restore it from a copy.")


def num_quarantined(path: Path) -> int:
    """Return how many files of a SQLite file's memory wait in quarantine; 0 if it cannot tell."""
    try:
        with read_only(path) as opened:
            return int(opened.execute("SELECT count(*) FROM quarantine").fetchone()[0])
    except sqlite3.Error:
        return 0


def open_sqlite(path: Path) -> Database:
    """Open or make a SQLite file: write-ahead log, flushed commits, deleted bytes overwritten.

    Raises: StorageFailed: it cannot be opened, or is no database.
    """
    own_file(path)
    engine = sa.create_engine(
        "sqlite://",
        creator=lambda: _sqlite_connection(path),
        poolclass=sa.pool.QueuePool,
        pool_size=_READERS,
        max_overflow=0,
        pool_timeout=_BUSY_SECONDS,
    )
    sa.event.listen(engine, "begin", _begin_sqlite)

    def sentence(error: sa.exc.SQLAlchemyError) -> str:
        reason = getattr(error, "orig", None) or error
        return (
            f"The file {path} cannot be used: {reason}. Nothing was changed; free some space, make "
            "the folder writable or restore it from a copy."
        )

    failures = Failures(sentence)
    with failures.told(), engine.connect():
        pass
    return Database(engine, failures)


def own_file(path: Path) -> None:
    """Make a file that its owner alone may read, or let it be so; SQLite's logs follow it.

    Raises: StorageFailed: it cannot be made.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        for one in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
            if one.exists():
                one.chmod(0o600)
    except OSError as error:
        raise StorageFailed(
            f"The file {path} cannot be used: {error.strerror or error}. Make the folder writable."
        ) from error


def _sqlite_connection(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, timeout=_BUSY_SECONDS
    )
    try:
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "secure_delete = ON",
            "temp_store = MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _begin_sqlite(connection: Connection) -> None:
    is_write = connection.get_execution_options().get("is_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")


def _insert(connection: Connection, table: sa.Table) -> Any:
    """Return an insert that can say what happens where the key is taken."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]  # its twin
    return insert(table)
