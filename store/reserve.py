"""Room for forgetting: a file that is given up when the disk is full.

Deleting writes, too: SQLite's log, tombstones, pictures without their words. Nobody should have to
keep what they want gone because nothing else can be deleted.
"""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from omnipersona.store.errors import StorageFailed

RESERVE_FILE: Final = "reserve"
SIZE: Final = 4 * 2**20

FULL: Final = (errno.ENOSPC, errno.EDQUOT)
"""What an operating system says of a full disk."""

_PIECE: Final = 2**16
_NO_LETTERS: Final = bytes(0x80 | byte for byte in range(256))
_R = TypeVar("_R")


class Reserve:
    """The file, in a data folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / RESERVE_FILE

    def make(self) -> None:
        """Take the room, where it is free; for idle moments."""
        if self._path.exists():
            return
        part = self._path.with_suffix(".part")
        try:
            with part.open("wb") as file:
                # Bytes that no file system makes smaller, and that never happen to be a word: who
                # looks for what was forgotten finds nothing here.
                for _ in range(SIZE // _PIECE):
                    file.write(os.urandom(_PIECE).translate(_NO_LETTERS))
            os.replace(part, self._path)
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def give_up(self) -> bool:
        """Give the room to what is about to be written; return whether there was any."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True

    def used_for(self, act: Callable[[], _R]) -> _R:
        """Do what makes room; if the disk is too full even for that, with the room kept here.

        Raises: StorageFailed: it failed all the same.
        """
        try:
            return act()
        except StorageFailed as error:
            if not error.is_full or not self.give_up():
                raise
        return act()
