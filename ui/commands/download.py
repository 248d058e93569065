"""Files of a published checkpoint, fetched one by one so that each can be resumed and is verified.

Knows the hub's addresses, sizes and hashes. Does not know what the files mean. An interrupted file
stays beside its place as `NAME.HASH.partial` and goes on there, as ours does over `http_get`;
`hf_hub_download` deletes what has arrived and begins a file of 29 GB anew. No token is ever sent.
"""

import hashlib
import logging
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from filelock import FileLock, Timeout
from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import (
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import http_get

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class DownloadFailed(Exception):
    """A download cannot begin or go on; says what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteFile:
    """One file of a repository at a revision.

    Attributes:
        name: In the repository and in the folder.
        url: Where it is fetched.
        size: Bytes.
        etag: Its sha256 where it is large, else another hash of its content.
    """

    name: str
    url: str
    size: int
    etag: str

    def partial(self, folder: Path) -> Path:
        """Return where the file grows until it is whole."""
        return folder / f"{self.name}.{self.etag[:12]}.partial"

    def is_whole(self, folder: Path) -> bool:
        """Return whether the file is in its place."""
        path = folder / self.name
        return path.is_file() and path.stat().st_size == self.size

    def bytes_left(self, folder: Path) -> int:
        """Return the bytes still to fetch."""
        if self.is_whole(folder):
            return 0
        partial = self.partial(folder)
        return self.size - min(self.size, partial.stat().st_size if partial.exists() else 0)


def remote_files(
    repository: str, revision: str, needed: tuple[str, ...], optional: tuple[str, ...]
) -> list[RemoteFile]:
    """Ask the hub for the files of a repository.

    Raises:
        DownloadFailed: The hub cannot be reached, or does not have one that is needed.
    """
    # Otherwise the library tells the hub about this machine and asks it for a list of agents.
    constants.HF_HUB_DISABLE_TELEMETRY = True
    # The library says on the standard error of its import what the program's log says already.
    logging.getLogger("huggingface_hub").handlers.clear()
    found: list[RemoteFile] = []
    with _explained(repository, revision):
        for name in (*needed, *optional):
            try:
                found.append(_remote_file(repository, revision, name))
            except RemoteEntryNotFoundError:
                if name in needed:
                    raise
    return found


def _remote_file(repository: str, revision: str, name: str) -> RemoteFile:
    url = hf_hub_url(repository, name, revision=revision)
    told = get_hf_file_metadata(url, token=False)
    if told.size is None or not told.etag:
        raise DownloadFailed(
            f"The hub tells neither size nor hash of {name}, so that it cannot be verified. "
            "Try again later, or unset HF_ENDPOINT if it names a mirror."
        )
    return RemoteFile(name=name, url=url, size=told.size, etag=told.etag)


def check_space(folder: Path, files: list[RemoteFile]) -> int:
    """Return the bytes still to fetch into an existing folder.

    Raises:
        DownloadFailed: The disk has less room than that.
    """
    left = sum(file.bytes_left(folder) for file in files)
    free = shutil.disk_usage(folder).free
    if left > free:
        raise DownloadFailed(
            f"{left / 1e9:.1f} GB are still to fetch, but only {free / 1e9:.1f} GB are free in "
            f"{folder}. Free some space, or choose another disk with --data."
        )
    return left


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Keep other processes from fetching into the same folder.

    Raises:
        DownloadFailed: Another one does.
    """
    try:
        with FileLock(folder / ".download.lock", timeout=0):
            yield
    except Timeout as error:
        raise DownloadFailed(
            f"Another process is fetching into {folder}; wait for it to end."
        ) from error


def fetch(folder: Path, repository: str, revision: str, file: RemoteFile) -> None:
    """Fetch one file, going on where an earlier try ended; it appears whole and verified.

    Raises:
        DownloadFailed: The connection or the disk failed, or the content is not what was promised.
    """
    if file.is_whole(folder):
        return
    partial = file.partial(folder)
    with _explained(repository, revision), partial.open("ab") as out:
        http_get(
            file.url,
            out,
            resume_size=out.tell(),
            headers={"user-agent": "omnipersona"},
            expected_size=file.size,
            displayed_filename=file.name,
        )
    if _SHA256.fullmatch(file.etag):
        with partial.open("rb") as whole:
            digest = hashlib.file_digest(whole, "sha256").hexdigest()
        if digest != file.etag:
            partial.unlink()
            raise DownloadFailed(
                f"{file.name} arrived damaged: its sha256 is {digest}, not {file.etag}. "
                "It was deleted; run the command again."
            )
    partial.replace(folder / file.name)


@contextmanager
def _explained(repository: str, revision: str) -> Iterator[None]:
    """Turn the hub's and the disk's errors into sentences."""
    # The base of the hub's errors is that of its HTTP client, whichever that is.
    http_error = cast(type[Exception], HfHubHTTPError.__bases__[0])
    try:
        yield
    except (RepositoryNotFoundError, RevisionNotFoundError, RemoteEntryNotFoundError) as error:
        raise DownloadFailed(
            f"The hub does not have {repository} at revision {revision} with all of its files "
            f"({_first_line(error)}). Look at https://huggingface.co/{repository} and give "
            "--revision."
        ) from error
    except (OSError, http_error) as error:
        raise DownloadFailed(
            f"{repository} could not be fetched: {_first_line(error)}. What has arrived is kept; "
            "check connection and disk, then run the command again to go on."
        ) from error


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".")
