"""Files by content hash in a store that is reached by a URL, such as a bucket of S3.

The store's keys come from its usual variables (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL`, ...). Every
memory keeps its files under a folder of its own name, so that several can share a bucket and none
sweeps the files of another. A bucket that keeps old versions keeps them beyond our reach.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Self

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import from_url

from omnipersona.store.errors import StorageFailed, is_panic
from omnipersona.store.files import check_hash, check_path, file_name, folder_name

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_CODE: Final = re.compile(r"<Code>(\w+)</Code>")
_SECRETS: Final = re.compile(r"(?<=//)[^/@]*@|\?.*")
_MAX_WAIT: Final = timedelta(seconds=20)
_NO_BUCKET: Final = "NoSuchBucket"
_LOCAL: Final = ("file", "memory")


class ObjectFiles:
    """The files of one memory in a store."""

    def __init__(self, store: "ObjectStore", url: str, folder: str) -> None:
        self._store = store
        self._name = _without_secrets(url)
        self._folder = folder

    @classmethod
    def open(cls, url: str, folder: str) -> Self:
        """Open a store, asking it nothing yet.

        Args:
            url: E.g. `s3://bucket/prefix`.
            folder: Name of the memory.
        Raises: StorageFailed: no store is known by such a URL.
        """
        try:
            return cls(_open(url), url, folder)
        except (BaseError, ValueError, OSError) as error:
            raise StorageFailed(
                f"OMNIPERSONA_BLOBS is {_without_secrets(url)!r}, which cannot be opened: "
                f"{_reason(error)}. Write s3://bucket/prefix."
            ) from error

    def __str__(self) -> str:
        return self._name

    def check(self) -> None:
        """Ask the store for something.

        Raises: StorageFailed: it does not answer or refuses.
        """
        with self._sentences():
            next(iter(obstore.list(self._store, self._folder or None, chunk_size=1)), None)

    def put(self, user_id: str, data: bytes, suffix: str) -> str:
        """Keep `data` and return its SHA-256 in hex; keeping it twice is keeping it once.

        Raises: StorageFailed: the store does not answer or refuses.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        with self._sentences():
            obstore.put(self._store, self._path(user_id, sha256, suffix), data)
        return sha256

    def get(self, user_id: str, sha256: str, suffix: str) -> bytes:
        """Return the bytes kept under `sha256`.

        Raises: StorageFailed: the file is gone or damaged, or the store does not answer.
        """
        path = self._path(user_id, sha256, suffix)
        with self._sentences():
            try:
                data = obstore.get(self._store, path).bytes().to_bytes()
            except FileNotFoundError as error:
                raise StorageFailed(
                    f"The file {file_name(sha256, suffix)} cannot be read from {self._name}: it is "
                    "not there. Restore the store from a copy."
                ) from error
        check_hash(data, sha256, file_name(sha256, suffix), "the store")
        return data

    def delete(self, user_id: str, sha256: str, suffix: str) -> None:
        """Remove one file; harmless if it is gone.

        Raises: StorageFailed: the store does not answer or refuses.
        """
        self._remove([self._path(user_id, sha256, suffix)])

    def delete_user(self, user_id: str) -> None:
        """Remove every file of a user.

        Raises: StorageFailed: the store does not answer or refuses.
        """
        self._remove(self._paths(f"{self._folder}/{folder_name(user_id)}"))

    def paths(self) -> Iterator[str]:
        """Yield every file as `folder/name`.

        Raises: StorageFailed: the store does not answer or refuses.
        """
        for path in self._paths(self._folder):
            yield path.removeprefix(f"{self._folder}/")

    def read(self, path: str) -> bytes:
        """Return the bytes at one of these paths.

        Raises: StorageFailed: the store does not answer or refuses.
        """
        with self._sentences():
            return obstore.get(self._store, f"{self._folder}/{path}").bytes().to_bytes()

    def write(self, path: str, data: bytes) -> None:
        """Keep bytes at the path that they had in another store.

        Raises:
            ValueError: the path is none of a file, or the bytes are not what it names.
            StorageFailed: the store does not answer or refuses.
        """
        check_path(path, data)
        with self._sentences():
            obstore.put(self._store, f"{self._folder}/{path}", data)

    def remove(self, path: str) -> None:
        """Remove one of these paths; harmless if it is gone.

        Raises: StorageFailed: the store does not answer or refuses.
        """
        self._remove([f"{self._folder}/{path}"])

    def _path(self, user_id: str, sha256: str, suffix: str) -> str:
        return f"{self._folder}/{folder_name(user_id)}/{file_name(sha256, suffix)}"

    def _paths(self, prefix: str) -> list[str]:
        with self._sentences():
            return [found["path"] for chunk in obstore.list(self._store, prefix) for found in chunk]

    def _remove(self, paths: list[str]) -> None:
        with self._sentences():
            for path in paths:
                try:
                    obstore.delete(self._store, path)
                except FileNotFoundError as error:
                    if _NO_BUCKET in str(error):
                        raise

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            if not isinstance(error, BaseError | OSError) and not is_panic(error):
                raise
            raise StorageFailed(
                f"The store {self._name} cannot be used: {_reason(error)}. Correct it or "
                "OMNIPERSONA_BLOBS and the store's keys, and try again."
            ) from error


def _open(url: str) -> "ObjectStore":
    if url.partition(":")[0] in _LOCAL:
        return from_url(url)
    return from_url(
        url,
        client_options={"allow_http": True, "timeout": _MAX_WAIT, "connect_timeout": _MAX_WAIT},
        retry_config={"max_retries": 3, "retry_timeout": _MAX_WAIT},
    )


def _without_secrets(url: str) -> str:
    return _SECRETS.sub("", url)


def _reason(error: BaseException) -> str:
    text = str(error)
    code = _CODE.search(text)
    if code is not None and code[1] == _NO_BUCKET:
        return "there is no such bucket"
    if code is not None:
        return f"it says {code[1]}"
    if isinstance(error, PermissionDeniedError | UnauthenticatedError):
        return "it refuses the keys"
    if "error sending request" in text:
        return "it does not answer"
    line = text.splitlines()[0] if text else type(error).__name__
    return _without_secrets(line).rstrip(".: ")[:200]
