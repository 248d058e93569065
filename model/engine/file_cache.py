"""Files that requests name by their digest alone: concepts and photos that came before.

Knows requests of the contract. Does not know what is in a file.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any, Final, TypeVar, cast

from omnipersona.model.contract import File, Request
from omnipersona.model.errors import MissingFiles

_MAX_BYTES: Final = 64 * 2**20

R = TypeVar("R", bound=Request)


class FileCache:
    """Keeps the files of the last requests, up to 64 MB; safe to use from any thread."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, File] = OrderedDict()
        self._num_bytes = 0
        self._lock = threading.Lock()

    def whole(self, request: R) -> R:
        """Return a request whose files have their data.

        Raises:
            MissingFiles: One was sent by its digest and is not here.
        """
        named = list(_files_of(request))
        with self._lock:
            for _, file in named:
                if file.data is not None:
                    self._keep(file)
            missing = [file.sha256 for _, file in named if file.sha256 not in self._files]
            if missing:
                raise MissingFiles(missing)
            found: dict[str, Any] = {}
            for name, file in named:
                self._files.move_to_end(file.sha256)
                whole = file if file.data is not None else self._files[file.sha256]
                found.setdefault(name, []).append(whole)
        values = {
            name: tuple(files) if isinstance(getattr(request, name), tuple) else files[0]
            for name, files in found.items()
        }
        return cast("R", replace(cast("Any", request), **values))

    def drop(self, sha256: str) -> None:
        """Forget a file."""
        with self._lock:
            self._take(sha256)

    def _keep(self, file: File) -> None:
        if file.sha256 in self._files:
            return
        self._files[file.sha256] = file
        self._num_bytes += len(file.whole)
        while self._num_bytes > _MAX_BYTES and len(self._files) > 1:
            self._take(next(iter(self._files)))

    def _take(self, sha256: str) -> None:
        gone = self._files.pop(sha256, None)
        if gone is not None:
            self._num_bytes -= len(gone.whole)


def _files_of(request: Request) -> Iterator[tuple[str, File]]:
    for one in fields(request):
        value = getattr(request, one.name)
        for file in value if isinstance(value, tuple) else (value,):
            if isinstance(file, File):
                yield one.name, file
