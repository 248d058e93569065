"""One process owns a data folder, one thread at a time a user; knows nothing of what is there."""

import threading
from pathlib import Path
from weakref import WeakValueDictionary

from filelock import FileLock, Timeout

from omnipersona.store.errors import DataFolderBusy, StorageFailed

LOCK_FILE = "owner.lock"


class FolderLock:
    """The right to write in a data folder; the system frees it if the process dies."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = FileLock(folder / LOCK_FILE, thread_local=False)

    def acquire(self) -> None:
        """Take the folder, making it if it is missing.

        Raises:
            DataFolderBusy: another process, or another memory of this one, has it.
            StorageFailed: the folder cannot be made or written.
        """
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise DataFolderBusy(
                f"The data folder {self._folder} is in use by another running OmniPersona. "
                "Close that one first, or choose another folder with --data."
            ) from error
        except OSError as error:
            raise StorageFailed(
                f"The data folder {self._folder} cannot be used: {error.strerror or error}. "
                "Choose a folder that you may write to with --data."
            ) from error

    def release(self) -> None:
        """Give the folder back; harmless if it is not held."""
        self._lock.release()


class UserLocks:
    """A lock for each user, which the thread that holds it may take again."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        # Weak, so that users who were here once leave nothing behind.
        self._locks = WeakValueDictionary[str, threading.RLock]()

    def of(self, user_id: str) -> threading.RLock:
        """Return a user's lock."""
        with self._guard:
            return self._locks.setdefault(user_id, threading.RLock())
