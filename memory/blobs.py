"""Files by content hash, one folder per user; knows nothing of records.

A file is complete or absent: it is written beside its place, flushed to the disk and renamed. User
ids never become paths, and users share no file even if its bytes are equal.
"""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path

from omnipersona.memory.errors import StorageFailed

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SUFFIX = re.compile(r"\.[a-z0-9]{1,16}")
_PART = ".part-"


def folder_name(user_id: str) -> str:
    """Return the name of a user's folder, which does not show the user id."""
    return hashlib.sha256(user_id.encode()).hexdigest()[:32]


class BlobStore:
    """The files of all users under one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, user_id: str, data: bytes, suffix: str) -> str:
        """Keep `data` and return its SHA-256 in hex; keeping it twice is keeping it once.

        Raises: StorageFailed: the disk is full or read-only.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._path(user_id, sha256, suffix)
        try:
            if path.exists() and path.stat().st_size == len(data):
                return sha256
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_whole(path, data)
        except OSError as error:
            raise StorageFailed(
                f"A file of {len(data)} bytes could not be saved in {self._root}: "
                f"{error.strerror or error}. Free some space or make the folder writable."
            ) from error
        return sha256

    def get(self, user_id: str, sha256: str, suffix: str) -> bytes:
        """Return the bytes kept under `sha256`.

        Raises: StorageFailed: the file is gone or damaged.
        """
        path = self._path(user_id, sha256, suffix)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise StorageFailed(
                f"The file {path.name} cannot be read from {self._root}: "
                f"{error.strerror or error}. Restore the data folder from a copy."
            ) from error
        found = hashlib.sha256(data).hexdigest()
        if found != sha256:
            raise StorageFailed(
                f"The file {path.name} is damaged: its hash is now {found[:12]}. "
                "Restore the data folder from a copy."
            )
        return data

    def delete(self, user_id: str, sha256: str, suffix: str) -> None:
        """Remove one file; harmless if it is gone."""
        try:
            self._path(user_id, sha256, suffix).unlink(missing_ok=True)
        except OSError as error:
            raise _not_removed(self._root, error) from error

    def delete_user(self, user_id: str) -> None:
        """Remove every file of a user."""
        try:
            shutil.rmtree(self._root / folder_name(user_id))
        except FileNotFoundError:
            return
        except OSError as error:
            raise _not_removed(self._root, error) from error

    def sweep(self, kept: Collection[tuple[str, str]]) -> int:
        """Remove files that no record names, as a crash may leave them.

        Args:
            kept: Pairs (user id, SHA-256) that records name.
        Returns: Number of files removed.
        Raises: StorageFailed: the folder is read-only.
        """
        names = {(folder_name(user_id), sha256) for user_id, sha256 in kept}
        removed = 0
        try:
            for path in self._root.glob("*/*"):
                if (path.parent.name, path.name.partition(".")[0]) not in names:
                    path.unlink()
                    removed += 1
        except OSError as error:
            raise _not_removed(self._root, error) from error
        return removed

    def _path(self, user_id: str, sha256: str, suffix: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise ValueError(f"{sha256!r} is no SHA-256 in hex.")
        if not _SUFFIX.fullmatch(suffix):
            raise ValueError(f"{suffix!r} is no file suffix such as '.png'.")
        return self._root / folder_name(user_id) / f"{sha256}{suffix}"


def _write_whole(path: Path, data: bytes) -> None:
    handle, part = tempfile.mkstemp(prefix=_PART, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError:
        Path(part).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _not_removed(root: Path, error: OSError) -> StorageFailed:
    return StorageFailed(
        f"A file could not be removed from {root}: {error.strerror or error}. "
        "Make the folder writable and forget it again."
    )
