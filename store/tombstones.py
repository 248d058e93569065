"""What was forgotten stays forgotten, also when an older database or backup is put in its place.

Of every forgotten row a keyed hash of its id is kept, in the records and in a file beside them;
the key is the file's alone. Whoever has only the records learns nothing from them, and ids are no
words anyway. A database that knows fewer of them than the file is an older one: what they name goes
again.
"""

import hashlib
import hmac
import logging
import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from omnipersona.store.database import Database, Records, Row, now
from omnipersona.store.errors import StorageFailed
from omnipersona.store.files import path_of
from omnipersona.store.reserve import FULL
from omnipersona.store.schema import OWNER, concepts, facts, pictures, threads, tombstones, users

logger = logging.getLogger(__name__)

TOMBSTONES_FILE: Final = "forgotten"
"""Its first line is the key, the others are the stones."""

_KEY_BYTES: Final = 32
_BURIED: Final = (users, facts, concepts, threads, pictures)


class Tombstones:
    """The tombstones of a data folder.

    Args:
        folder: Where the file is.
        database: The records beside it.
    Raises: StorageFailed: the file cannot be read or written.
    """

    def __init__(self, folder: Path, database: Database) -> None:
        self._path = folder / TOMBSTONES_FILE
        self._database = database
        self._key, self._kept = self._read()

    def bury(self, records: Records, table: sa.Table, rows: Iterable[Row]) -> list[str]:
        """Note rows that are about to be forgotten, inside the write that does it.

        Returns: What `engrave` takes after the write.
        """
        return _note(records, {self._digest(table, row) for row in rows} - self._kept)

    def bury_files(self, records: Records, user_id: str, sha256s: Iterable[str]) -> list[str]:
        """Note files that are about to go, so that a cut does not keep them; as `bury`."""
        return _note(records, {self._keyed("file", path_of(user_id, one)) for one in sha256s})

    def is_buried(self, path: str) -> bool:
        """Return whether a file that no record names was forgotten."""
        return self._keyed("file", path.partition(".")[0]) in self._kept

    def engrave(self, digests: Iterable[str]) -> None:
        """Write what was noted into the file, after the write.

        Raises: StorageFailed: the disk refused.
        """
        digests = list(digests)
        self._kept.update(digests)
        self._append("".join(f"{digest}\n" for digest in digests))

    def risen(self) -> list[tuple[sa.Table, Row]]:
        """Return what an older database still holds of the forgotten: tables, and rows of keys.

        Whoever forgets it again says so by `settle`; users come first, and facts before what they
        are of, so that no row is asked for twice.

        Raises: StorageFailed: the records cannot be read.
        """
        with self._database.of_all() as connection:
            noted = set(connection.execute(sa.select(tombstones.c.digest)).scalars())
            missing = self._kept - noted
            if not self._kept and noted:
                logger.warning(
                    "%s is missing: what was forgotten comes back with an older copy of the "
                    "records. Put it back from a copy.",
                    self._path,
                )
            return [
                (table, row)
                for table in (_BURIED if missing else ())
                for row in self._rows(connection, table)
                if self._digest(table, row) in missing
            ]

    def settle(self) -> None:
        """Bring records and file to the same stones.

        Raises: StorageFailed: the records or the file cannot be written.
        """
        with self._database.of_all() as connection:
            noted = set(connection.execute(sa.select(tombstones.c.digest)).scalars())
            rows = [{"digest": one, "buried_at": now()} for one in sorted(self._kept - noted)]
            if rows:
                connection.execute(sa.insert(tombstones), rows)
        self.engrave(sorted(noted - self._kept))

    @staticmethod
    def _rows(connection: Connection, table: sa.Table) -> "Sequence[Row]":
        key = [column for column in (table.c.get(OWNER), table.c.id) if column is not None]
        return connection.execute(sa.select(*key, table.c.created_at)).mappings().all()

    def _digest(self, table: sa.Table, row: Row) -> str:
        # Programs name conversations and users may come again: only the moment makes them one.
        return self._keyed(table.name, row.get(OWNER, ""), row["id"], row["created_at"])

    def _keyed(self, *told: str) -> str:
        return hmac.new(self._key, "\0".join(told).encode(), hashlib.sha256).hexdigest()

    def _read(self) -> tuple[bytes, set[str]]:
        try:
            lines = self._path.read_text(encoding="ascii").splitlines()
        except FileNotFoundError:
            lines = []
        except (OSError, ValueError) as error:
            raise StorageFailed(
                f"The file {self._path} cannot be read: {error}. It holds what must stay "
                "forgotten; restore it from a copy."
            ) from error
        if not lines:
            lines = [secrets.token_hex(_KEY_BYTES)]
            self._append(f"{lines[0]}\n")
        return bytes.fromhex(lines[0]), set(lines[1:])

    def _append(self, text: str) -> None:
        if not text:
            return
        try:
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "a", encoding="ascii") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StorageFailed(
                f"The file {self._path} cannot be written: {error.strerror or error}. Free some "
                "space or make the folder writable.",
                is_full=error.errno in FULL,
            ) from error


def _note(records: Records, digests: set[str]) -> list[str]:
    for digest in sorted(digests):
        records.insert_unowned(tombstones, {"digest": digest, "buried_at": now()})
    return sorted(digests)


def merge_tombstones(folder: Path, *texts: str) -> None:
    """Write the file of a memory that is made of a backup.

    Args:
        folder: Of the memory.
        texts: Of the backup's file; then of others, which count if they are of the same memory.
    Raises: OSError: the file cannot be written.
    """
    key = texts[0].splitlines()[0]
    lines = [text.splitlines() for text in texts]
    stones = {stone for one in lines if one and one[0] == key for stone in one[1:]}
    path = folder / TOMBSTONES_FILE
    path.write_text("\n".join([key, *sorted(stones), ""]), encoding="ascii")
    path.chmod(0o600)
