"""Files by content hash in a folder of the disk; knows nothing of records.

A file is complete or absent: it is written beside its place, flushed to the disk and renamed.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path

from omnipersona.memory.blobs import check_hash, file_name, folder_name, lost_names
from omnipersona.memory.errors import StorageFailed

_PART = ".part-"


class FileBlobs:
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
        check_hash(data, sha256, path.name, "the data folder")
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
        try:
            found = [path.relative_to(self._root).as_posix() for path in self._root.glob("*/*")]
            lost = lost_names(found, kept)
            for name in lost:
                (self._root / name).unlink()
        except OSError as error:
            raise _not_removed(self._root, error) from error
        return len(lost)

    def _path(self, user_id: str, sha256: str, suffix: str) -> Path:
        return self._root / folder_name(user_id) / file_name(sha256, suffix)


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
