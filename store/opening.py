"""Which stores a memory lies in, by two settings; opens them and says what is not installed.

Without settings everything lies in the data folder: SQLite, Chroma and files. Knows which class
opens what. Does not know what is kept.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from omnipersona.memory.blobs import BlobStore
from omnipersona.memory.chroma import ChromaIndex
from omnipersona.memory.database import Database
from omnipersona.memory.encoder import Encoder
from omnipersona.memory.errors import StorageFailed
from omnipersona.memory.file_blobs import FileBlobs
from omnipersona.memory.index import FactIndex
from omnipersona.memory.migrations import MIGRATIONS, Migration
from omnipersona.memory.sqlite import SqliteDatabase

DATABASE_FILE: Final = "memory.sqlite3"
RECORDS: Final = "omnipersona"
"""Schema of the memory's tables in PostgreSQL."""

_POSTGRES: Final = ("postgresql", "postgres")


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """Where a memory lies.

    Attributes:
        folder: The data folder.
        database: URL of a PostgreSQL database, which may hold a password; "" is the data folder.
        blobs: URL of a store of files; "" is the data folder.
    """

    folder: Path
    database: str = ""
    blobs: str = ""

    def open_records(self) -> Database:
        """Open the records and become their owner.

        Raises:
            DataFolderBusy: another process owns the database.
            StorageFailed: it cannot be used, or packages are missing.
        """
        return self._open_database(DATABASE_FILE, RECORDS, MIGRATIONS, is_owner=True)

    def look_at_records(self) -> str:
        """Say which database holds the records, having asked it, and change nothing.

        Raises: StorageFailed: it cannot be used, or packages are missing.
        """
        if not self.database:
            return f"SQLite and Chroma in {self.folder}"
        _check_kind(self.database)
        with _installed("OMNIPERSONA_DATABASE"):
            from omnipersona.memory.postgres import describe
        return describe(self.database)

    def look_at_blobs(self) -> str:
        """Say which store holds the files, having asked it, and change nothing.

        Raises: StorageFailed: it cannot be used, or packages are missing.
        """
        if not self.blobs:
            return f"in {self.folder}"
        with _installed("OMNIPERSONA_BLOBS"):
            from omnipersona.memory.object_blobs import ObjectBlobs
        store = ObjectBlobs.open(self.blobs, "")
        store.check()
        return f"{store} answers"

    def open_other(self, name: str, migrations: tuple[Migration, ...]) -> Database:
        """Open tables that are not the memory's, e.g. those of a page.

        Args:
            name: A word; names the file or the schema.
            migrations: The steps to their shape.
        Raises: StorageFailed: they cannot be used, or packages are missing.
        """
        return self._open_database(f"{name}.sqlite3", f"{RECORDS}_{name}", migrations)

    def open_blobs(self, records: Database) -> BlobStore:
        """Open the files that belong to open records.

        Raises: StorageFailed: the URL is none, or packages are missing.
        """
        [row] = records.rows("SELECT id FROM identity")
        if self.blobs:
            with _installed("OMNIPERSONA_BLOBS"):
                from omnipersona.memory.object_blobs import ObjectBlobs
            return ObjectBlobs.open(self.blobs, row["id"])
        # Files that no record names are swept, so each database needs a folder of its own.
        return FileBlobs(self.folder / (f"blobs-{row['id']}" if self.database else "blobs"))

    def open_index(self, records: Database, encoder: Encoder) -> FactIndex:
        """Open the vectors that belong to open records.

        Raises: StorageFailed: the server has no vectors.
        """
        if not self.database:
            return ChromaIndex(self.folder / "index", encoder)
        from omnipersona.memory.vectors import VectorTable

        return VectorTable(records, encoder)

    def _open_database(
        self, file: str, schema: str, migrations: tuple[Migration, ...], *, is_owner: bool = False
    ) -> Database:
        if not self.database:
            return SqliteDatabase.open(self.folder / file, migrations)
        _check_kind(self.database)
        with _installed("OMNIPERSONA_DATABASE"):
            from omnipersona.memory.postgres import PostgresDatabase
        return PostgresDatabase.open(self.database, schema, migrations, is_owner=is_owner)


def _check_kind(url: str) -> None:
    kind = url.partition("://")[0]
    if kind not in _POSTGRES or "://" not in url:
        raise StorageFailed(
            "OMNIPERSONA_DATABASE must begin with postgresql://, as in "
            "postgresql://user:password@host:5432/name; empty it for files in the data folder."
        )


@contextmanager
def _installed(setting: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise StorageFailed(
            f"{setting} is set, but packages for it are not installed ({error}); run: "
            "pip install 'omnipersona[stores]'"
        ) from error
