"""One schema of a PostgreSQL database as records: how it is reached, and by whom.

Messages name host, port and database, never the address as set, which may hold a password. What is
deleted is gone from the tables at once; the server itself keeps deleted bytes for a while beyond
our reach: in pages until they are vacuumed and written again, in its write-ahead log until that is
recycled, and in backups and replicas. Knows connections. Does not know tables.
"""

import threading
from contextlib import suppress
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row
from sqlalchemy.engine import Engine

from omnipersona.store.database import Database, Failures
from omnipersona.store.errors import DataFolderBusy, StorageFailed

CONNECTION: Final[dict[str, Any]] = {
    "application_name": "omnipersona",
    "connect_timeout": 10,
    # Both ends notice within a minute that the other is gone.
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
"""How every connection of ours is made."""

STATEMENT_SECONDS: Final = 30
LOCK_SECONDS: Final = 15

_OWNER: Final = int.from_bytes(b"omniprsn")
_READERS: Final = 8
_EXTENSION: Final = (
    "SELECT nspname FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace"
    " WHERE extname = 'vector'"
)


class Address:
    """Where a database is, and how it is named to people.

    Attributes:
        url: As it was set; may hold a password.
    """

    def __init__(self, url: str) -> None:
        """Read an address.

        Raises: StorageFailed: it is none.
        """
        self.url = url
        try:
            parts = conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            # The driver's message repeats the address; so would its traceback.
            raise StorageFailed(
                "OMNIPERSONA_DATABASE is no address of a PostgreSQL database; write "
                "postgresql://user:password@host:5432/name."
            ) from None
        self._password = str(parts.get("password") or "")
        name = parts.get("dbname") or parts.get("user") or "postgres"
        self._name = f"{name} on {parts.get('host') or 'localhost'}:{parts.get('port') or 5432}"

    def __str__(self) -> str:
        return self._name

    def unreachable(self, error: Exception) -> StorageFailed:
        """Return the sentence for a connection that could not be made."""
        return StorageFailed(
            f"The database {self} cannot be reached: {self.reason(error)}. Start it, or correct "
            "OMNIPERSONA_DATABASE."
        )

    def failed(self, error: Exception) -> StorageFailed:
        """Return the sentence for work that the server refused, or did not end."""
        return StorageFailed(
            f"The database {self} cannot be used: {self.reason(error)}. Nothing was changed; see "
            "that it runs and has room, and try again."
        )

    def reason(self, error: Exception) -> str:
        """Return the first line of what the driver says, without the password."""
        line = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".: ")
        return line.replace(self._password, "***") if self._password else line


class Ownership:
    """The right to write in a database; the server frees it when the connection ends.

    Args:
        address: Where the database is.

    Raises:
        DataFolderBusy: another process has it.
        StorageFailed: the server cannot be reached.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._connection = self._take()

    def hold(self) -> None:
        """See that the right is still ours; after a restart of the server it is taken anew.

        Raises: DataFolderBusy, StorageFailed: it cannot be.
        """
        with self._lock:
            if has_ended(self._connection):
                self._connection = self._take()

    def give_up(self) -> None:
        """Give the right back."""
        # The server ends a session in its own time; whoever comes next may not find it taken still.
        with suppress(psycopg.Error):
            self._connection.execute("SELECT pg_advisory_unlock(%s)", (_OWNER,))
        self._connection.close()

    def _take(self) -> "psycopg.Connection[dict[str, Any]]":
        connection = connect(self._address)
        [row] = connection.execute("SELECT pg_try_advisory_lock(%s) AS is_free", (_OWNER,))
        if not row["is_free"]:
            connection.close()
            raise DataFolderBusy(
                f"The database {self._address} is in use by another running OmniPersona. Close "
                "that one first, or choose another database with OMNIPERSONA_DATABASE."
            )
        return connection


class PostgresDatabase(Database):
    """An open schema.

    Args:
        engine: Whose connections enter the schema.
        failures: Sentences.
        ownership: Held as long as it is open.
    """

    def __init__(self, engine: Engine, failures: Failures, ownership: Ownership) -> None:
        super().__init__(engine, failures)
        self._ownership = ownership

    def close(self) -> None:
        """Close every connection and give the database back."""
        super().close()
        self._ownership.give_up()


def open_postgres(url: str, schema: str) -> PostgresDatabase:
    """Open or make a schema and become its owner.

    Raises:
        DataFolderBusy: another process owns it.
        StorageFailed: the server cannot be reached, refuses, or has no pgvector.
    """
    address = Address(url)
    ownership = Ownership(address)
    try:
        path = _search_path(address, schema)
    except StorageFailed:
        ownership.give_up()
        raise
    engine = sa.create_engine(
        "postgresql+psycopg://",
        creator=lambda: _entered(address, path),
        pool_size=_READERS,
        max_overflow=0,
        pool_timeout=LOCK_SECONDS,
        pool_pre_ping=True,
    )
    sa.event.listen(engine, "begin", lambda _: ownership.hold())
    return PostgresDatabase(engine, Failures(lambda error: _sentence(address, error)), ownership)


def connect(address: Address) -> "psycopg.Connection[dict[str, Any]]":
    """Return a connection of its own, in autocommit mode.

    Raises: StorageFailed: the server does not answer, or refuses.
    """
    try:
        return psycopg.Connection.connect(
            address.url, autocommit=True, row_factory=dict_row, **CONNECTION
        )
    except psycopg.Error as error:
        raise address.unreachable(error) from error


def has_ended(connection: "psycopg.Connection[Any] | psycopg.AsyncConnection[Any]") -> bool:
    """Return whether the server ended a connection that nobody is using."""
    with suppress(psycopg.OperationalError):
        # First comes what it said last, then that there is no more.
        for _ in range(2):
            connection.pgconn.consume_input()
    return connection.closed


def describe(url: str) -> str:
    """Say which server answers, and whether facts can be searched there.

    Raises: StorageFailed: it does not answer, or has no pgvector.
    """
    address = Address(url)
    with connect(address) as connection:
        [row] = connection.execute(
            "SELECT current_setting('server_version') AS version, (SELECT default_version FROM"
            " pg_available_extensions WHERE name = 'vector') AS vectors"
        ).fetchall()
    if row["vectors"] is None:
        raise StorageFailed(f"The database {address} has no pgvector; install it on the server.")
    return f"PostgreSQL {row['version']} with pgvector {row['vectors']}: {address}"


def _search_path(address: Address, schema: str) -> str:
    """Make the schema, and pgvector where the server has it; return both their places."""
    with connect(address) as connection:
        try:
            if not (found := connection.execute(_EXTENSION).fetchall()):
                connection.execute("CREATE EXTENSION vector")
                found = connection.execute(_EXTENSION).fetchall()
        except psycopg.Error as error:
            raise StorageFailed(
                f"{address.failed(error)} Facts are searched with pgvector: install it on the "
                "server and have an administrator run CREATE EXTENSION vector in this database."
            ) from error
        try:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        except psycopg.Error as error:
            raise address.failed(error) from error
    return f'{schema}, "{found[0]["nspname"]}"'


def _entered(address: Address, path: str) -> "psycopg.Connection[Any]":
    options = (
        f"-c search_path={path.replace(' ', '')}"
        f" -c statement_timeout={STATEMENT_SECONDS}s -c lock_timeout={LOCK_SECONDS}s"
        # A search among the vectors of all goes on until it has enough of one user's.
        " -c hnsw.iterative_scan=strict_order"
        " -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
    )
    return psycopg.connect(address.url, options=options, **CONNECTION)


def _sentence(address: Address, error: sa.exc.SQLAlchemyError) -> str:
    reason = getattr(error, "orig", None) or error
    if isinstance(reason, psycopg.OperationalError) and reason.sqlstate is None:
        return str(address.unreachable(reason))
    return str(address.failed(reason))
