"""Files by content hash, a folder per user, complete or absent; knows nothing of records.

User ids never become paths, and users share no file even if its bytes are equal. They lie on the
disk here (`LocalFiles`) or in a store that is reached by a URL (`store.objects`). The disk is ours
rather than obstore's local store because of three promises that it does not make: a file is flushed
before it is named, its folder is flushed after it, and nobody else may read either.
"""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from omnipersona.store.errors import StorageFailed
from omnipersona.store.reserve import FULL

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_FOLDER: Final = re.compile(r"[0-9a-f]{32}")
_SUFFIX: Final = re.compile(r"\.[a-z0-9]{1,16}")
_PART: Final = ".part-"


class Files(Protocol):
    """The files of all users of one memory."""

    def put(self, user_id: str, data: bytes, suffix: str) -> str:
        """Keep `data` and return its SHA-256 in hex; keeping it twice is keeping it once.

        Raises: StorageFailed: it cannot be written.
        """

    def get(self, user_id: str, sha256: str, suffix: str) -> bytes:
        """Return the bytes kept under `sha256`.

        Raises: StorageFailed: the file is gone or damaged.
        """

    def delete(self, user_id: str, sha256: str, suffix: str) -> None:
        """Remove one file; harmless if it is gone.

        Raises: StorageFailed: it cannot be removed.
        """

    def delete_user(self, user_id: str) -> None:
        """Remove every file of a user.

        Raises: StorageFailed: one cannot be removed.
        """

    def paths(self) -> Iterator[str]:
        """Yield every file as `folder/name`, or what is left of a write that was cut.

        Raises: StorageFailed: they cannot be listed.
        """

    def read(self, path: str) -> bytes:
        """Return the bytes at one of these paths.

        Raises: StorageFailed: they cannot be read.
        """

    def write(self, path: str, data: bytes) -> None:
        """Keep bytes at the path that they had in another store.

        Raises:
            ValueError: the path is none of a file, or the bytes are not what it names.
            StorageFailed: they cannot be written.
        """

    def remove(self, path: str) -> None:
        """Remove one of these paths; harmless if it is gone.

        Raises: StorageFailed: it cannot be removed.
        """


def folder_name(user_id: str) -> str:
    """Return the name of a user's folder, which does not show the user id."""
    return hashlib.sha256(user_id.encode()).hexdigest()[:32]


def file_name(sha256: str, suffix: str) -> str:
    """Return the name of a file in its user's folder.

    Raises: ValueError: the hash or the suffix is none.
    """
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"{sha256!r} is no SHA-256 in hex.")
    if not _SUFFIX.fullmatch(suffix):
        raise ValueError(f"{suffix!r} is no file suffix such as '.png'.")
    return f"{sha256}{suffix}"


def path_of(user_id: str, sha256: str) -> str:
    """Return where a file lies, as `folder/hash`, whatever its suffix."""
    return f"{folder_name(user_id)}/{sha256}"


def check_path(path: str, data: bytes) -> None:
    """See that a path is `folder/hash.suffix`, and that the bytes have this hash.

    Raises: ValueError: it is not so.
    """
    folder, _, name = path.partition("/")
    sha256, dot, suffix = name.partition(".")
    file_name(sha256, dot + suffix)
    if not _FOLDER.fullmatch(folder) or hashlib.sha256(data).hexdigest() != sha256:
        raise ValueError(f"the file {path} is not what its name says")


def check_hash(data: bytes, sha256: str, name: str, copies: str) -> None:
    """Compare bytes that were read with their hash.

    Args:
        data: As read.
        sha256: As kept.
        name: Of the file, for the sentence.
        copies: What to restore, e.g. "the data folder".
    Raises: StorageFailed: they differ.
    """
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise StorageFailed(
            f"The file {name} is damaged: its hash is now {found[:12]}. "
            f"Restore {copies} from a copy."
        )


class LocalFiles:
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
            raise _not_saved(self._root, data, error) from error
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

    def paths(self) -> Iterator[str]:
        """Yield every file as `folder/name`, or what is left of a write that was cut.

        Raises: StorageFailed: they cannot be listed.
        """
        try:
            for path in self._root.glob("*/*"):
                yield path.relative_to(self._root).as_posix()
        except OSError as error:
            raise _not_removed(self._root, error) from error

    def read(self, path: str) -> bytes:
        """Return the bytes at one of these paths."""
        try:
            return (self._root / path).read_bytes()
        except OSError as error:
            raise StorageFailed(f"The file {path} cannot be read: {error.strerror}.") from error

    def write(self, path: str, data: bytes) -> None:
        """Keep bytes at the path that they had in another store."""
        check_path(path, data)
        try:
            target = self._root / path
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_whole(target, data)
        except OSError as error:
            raise _not_saved(self._root, data, error) from error

    def remove(self, path: str) -> None:
        """Remove one of these paths; harmless if it is gone."""
        try:
            (self._root / path).unlink(missing_ok=True)
        except OSError as error:
            raise _not_removed(self._root, error) from error

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


def _not_saved(root: Path, data: bytes, error: OSError) -> StorageFailed:
    return StorageFailed(
        f"A file of {len(data)} bytes could not be saved in {root}: {error.strerror or error}. "
        "Free some space or make the folder writable.",
        is_full=error.errno in FULL,
    )


def _not_removed(root: Path, error: OSError) -> StorageFailed:
    return StorageFailed(
        f"A file could not be removed from {root}: {error.strerror or error}. "
        "Make the folder writable and forget it again."
    )
