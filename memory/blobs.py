"""Files by content hash, one folder per user, wherever they lie; knows nothing of records.

A file is complete or absent. User ids never become paths, and users share no file even if its bytes
are equal. `omnipersona.memory.file_blobs` keeps them in a folder, `omnipersona.memory.object_blobs`
in a store that is reached by a URL.
"""

import hashlib
import re
from collections.abc import Collection
from typing import Protocol

from omnipersona.memory.errors import StorageFailed

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SUFFIX = re.compile(r"\.[a-z0-9]{1,16}")


class BlobStore(Protocol):
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

    def sweep(self, kept: Collection[tuple[str, str]]) -> int:
        """Remove files that no record names, as a crash may leave them.

        Args:
            kept: Pairs (user id, SHA-256) that records name.
        Returns: Number of files removed.
        Raises: StorageFailed: one cannot be removed.
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


def lost_names(found: Collection[str], kept: Collection[tuple[str, str]]) -> list[str]:
    """Return those of the paths `folder/file` that no pair (user id, SHA-256) names."""
    names = {(folder_name(user_id), sha256) for user_id, sha256 in kept}
    parts = ((path, *path.split("/")) for path in found)
    return [path for path, folder, file in parts if (folder, file.partition(".")[0]) not in names]


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
