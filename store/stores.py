"""Where all that lasts lies, by two settings, and opening it.

Without settings everything is in the data folder: SQLite and files. Says what is not installed.
Knows which class opens what. Does not know what is kept.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from omnipersona.store.database import Database, check_sqlite, num_quarantined, open_sqlite
from omnipersona.store.errors import StorageFailed
from omnipersona.store.files import Files, LocalFiles
from omnipersona.store.migrate import migrate
from omnipersona.store.schema import identity

DATABASE_FILE: Final = "memory.sqlite3"
SCHEMA: Final = "omnipersona"
"""Of the records in PostgreSQL."""

UNFINISHED: Final = ".restoring"
"""Folder in which a restore prepares what it puts in place at its end."""

PICTURE: Final = ".png"
TOKENS: Final = ".safetensors"

_POSTGRES: Final = ("postgresql", "postgres")


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """Where everything lies.

    Attributes:
        folder: The data folder.
        database: URL of a PostgreSQL database, which may hold a password; "" is the data folder.
        blobs: URL of a store of files; "" is the data folder.
    """

    folder: Path
    database: str = ""
    blobs: str = ""

    def __str__(self) -> str:
        return "The database" if self.database else str(self.folder)

    def open(self, name: str = "") -> tuple[Database, Files]:
        """Open records and files, up to date, and become their owner.

        Args:
            name: A memory's own name, for one that is made of a backup; "" makes one up.

        Raises:
            DataFolderBusy: another process owns the database.
            StorageFailed: a store cannot be used, or packages are missing.
        """
        database = self._open_database()
        try:
            path = None if self.database else self.folder / DATABASE_FILE
            migrate(database, self.folder, path, partial(self._keep_picture, database), name)
            return database, self._open_files(database)
        except BaseException:
            database.close()
            raise

    def look_at_records(self) -> str:
        """Say which database holds the records, having asked it, and change nothing.

        Raises: StorageFailed: it cannot be used, or packages are missing.
        """
        if not self.database:
            check_sqlite(self.folder / DATABASE_FILE)
            return f"SQLite and Chroma in {self.folder}"
        _check_kind(self.database)
        with _installed("OMNIPERSONA_DATABASE"):
            from omnipersona.store.postgres import describe
        return describe(self.database)

    def look_at_files(self) -> str:
        """Say which store holds the files, having asked it, and change nothing.

        Raises: StorageFailed: it cannot be used, or packages are missing.
        """
        if not self.blobs:
            lost = num_quarantined(self.folder / DATABASE_FILE)
            told = f"; {lost} that no record names are kept for some days" if lost else ""
            return f"in {self.folder}{told}"
        with _installed("OMNIPERSONA_BLOBS"):
            from omnipersona.store.objects import ObjectFiles
        store = ObjectFiles.open(self.blobs, "")
        store.check()
        return f"{store} answers"

    def _open_database(self) -> Database:
        if not self.database:
            self._check_records()
            return open_sqlite(self.folder / DATABASE_FILE)
        _check_kind(self.database)
        with _installed("OMNIPERSONA_DATABASE"):
            from omnipersona.store.postgres import open_postgres
        return open_postgres(self.database, SCHEMA)

    def _check_records(self) -> None:
        """Refuse a folder that lost its records: a new, empty memory would take their place."""
        path = self.folder / DATABASE_FILE
        has_records = path.exists() and path.stat().st_size > 0
        if not has_records and any(self.folder.glob("blobs/*/*")):
            raise StorageFailed(
                f"The file {path} is {'empty' if path.exists() else 'missing'}, but the folder "
                "holds pictures and concepts of a memory. Put the file back from a copy, or move "
                "the folder away to begin anew."
            )

    def _keep_picture(self, database: Database, user_id: str, png: bytes) -> str:
        return self._open_files(database).put(user_id, png, PICTURE)

    def _open_files(self, database: Database) -> Files:
        with database.of_all() as connection:
            name = connection.execute(sa.select(identity.c.id)).scalar_one()
        if self.blobs:
            with _installed("OMNIPERSONA_BLOBS"):
                from omnipersona.store.objects import ObjectFiles
            store = ObjectFiles.open(self.blobs, name)
            store.check()
            return store
        # Files that no record names do not stay, so each database needs a folder of its own.
        return LocalFiles(self.folder / (f"blobs-{name}" if self.database else "blobs"))


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
