"""A user's files together with the records that name them.

Between looking whether a record names a file and deleting it nobody may begin to name it; so what
is done with one user's files happens one after the other, and what others do with theirs goes on:
neither a transaction nor any other user waits for a slow disk or store. Knows which columns name
files. Does not know what is in them.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa

from omnipersona.store.database import Database, Records
from omnipersona.store.errors import StorageFailed
from omnipersona.store.files import Files
from omnipersona.store.lock import UserLocks
from omnipersona.store.schema import concepts, earlier_tokens, jobs, pictures

NAMING: Final = (
    pictures.c.sha256,
    concepts.c.tokens_sha256,
    earlier_tokens.c.sha256,
    jobs.c.saved_sha256,
)
"""Columns that name files."""


class Shelf:
    """The files of all users."""

    def __init__(self, database: Database, files: Files) -> None:
        self._database = database
        self._files = files
        self._locks = UserLocks()

    @contextmanager
    def of(self, user_id: str) -> Iterator["OwnFiles"]:
        """Do something with a user's files, alone."""
        with self._locks.of(user_id):
            yield OwnFiles(self._database, self._files, user_id)

    def read(self, user_id: str, named: Callable[[], str], suffix: str) -> bytes:
        """Return the bytes of a file that a record names; nobody waits for it.

        Args:
            user_id: Whose.
            named: Returns the hash, or raises what there is to say where no record is left.
            suffix: Of the file's name.
        Raises: StorageFailed: the file is gone or damaged, though a record names it.
        """
        try:
            return self._files.get(user_id, named(), suffix)
        except StorageFailed:
            # It may have been forgotten, or replaced, between the two.
            return self._files.get(user_id, named(), suffix)


class OwnFiles:
    """One user's files, while nobody else touches them."""

    def __init__(self, database: Database, files: Files, user_id: str) -> None:
        self._database = database
        self._files = files
        self._user_id = user_id

    def put(self, data: bytes, suffix: str) -> str:
        """Keep bytes and return their SHA-256 in hex; keeping them twice is keeping them once.

        Raises: StorageFailed: they cannot be written.
        """
        return self._files.put(self._user_id, data, suffix)

    def get(self, sha256: str, suffix: str) -> bytes:
        """Return the bytes kept under a hash.

        Raises: StorageFailed: the file is gone or damaged.
        """
        return self._files.get(self._user_id, sha256, suffix)

    def delete_unnamed(self, sha256s: Iterable[str], suffix: str) -> set[str]:
        """Delete those of the files that no record names any more; return their hashes.

        Raises: StorageFailed: one cannot be removed.
        """
        wanted = set(sha256s)
        if wanted:
            with self._database.reading(self._user_id) as records:
                wanted -= named_files(records, sorted(wanted))
        for sha256 in wanted:
            self._files.delete(self._user_id, sha256, suffix)
        return wanted

    def delete_all(self) -> None:
        """Delete every file of the user.

        Raises: StorageFailed: one cannot be removed.
        """
        self._files.delete_user(self._user_id)


def named_files(records: Records, sha256s: list[str]) -> set[str]:
    """Return those of the hashes that a record of the owner names."""
    found = set[str]()
    for column in NAMING:
        rows = records.rows_in(sa.select(column.label("sha256")), column, sha256s)
        found |= {row["sha256"] for row in rows}
    return found
