"""Names and hashed passwords in one JSON file of the data folder.

Passwords are hashed by scrypt (RFC 7914) with a salt each and compared in constant time; wrong ones
make the next attempt wait longer. Knows files. Does not know pages.
"""

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from omnipersona.accounts.secret_file import PrivateEntries

LOGINS_FILE: Final = "logins.json"
MIN_PASSWORD: Final = 8
_COST: Final = {"n": 2**15, "r": 8, "p": 1}
_MEMORY: Final = 64 * 2**20
_SALT_BYTES: Final = 16
_FREE_ATTEMPTS: Final = 3
_MOST_FAILURES: Final = 1000
_LONGEST_WAIT: Final = 60.0
_NOBODY: Final = {"salt": "00" * _SALT_BYTES, "hash": "", **_COST}


class PasswordRefused(ValueError):
    """A password cannot be taken; the message is for the user."""


def _hashed(password: str, entry: dict[str, Any]) -> str:
    return hashlib.scrypt(
        password.encode(),
        salt=bytes.fromhex(entry["salt"]),
        n=entry["n"],
        r=entry["r"],
        p=entry["p"],
        maxmem=_MEMORY,
    ).hex()


@dataclass(slots=True)
class _Failures:
    """Wrong attempts of one name since the last right one."""

    count: int = 0
    until: float = 0.0


@dataclass(slots=True)
class Logins:
    """The file of a data folder; it is read at every login, so that changes count at once."""

    folder: Path
    _failures: dict[str, _Failures] = field(default_factory=dict)

    def names(self) -> list[str]:
        """Return who has a password.

        Raises: OSError, ValueError: the file cannot be read.
        """
        return sorted(self._entries.read())

    def put(self, name: str, password: str) -> None:
        """Give a user a password.

        Raises:
            PasswordRefused: It is too short.
            OSError: The file cannot be written.
        """
        if len(password) < MIN_PASSWORD:
            raise PasswordRefused(f"A password has at least {MIN_PASSWORD} characters.")
        entry: dict[str, Any] = {"salt": secrets.token_hex(_SALT_BYTES), **_COST}
        self._entries.put(name, {**entry, "hash": _hashed(password, entry)})

    def remove(self, name: str) -> bool:
        """Take a user's password away; return whether there was one."""
        return self._entries.remove(name)

    def accepts(self, name: str, password: str) -> bool:
        """Whether name and password belong together, and no wait is due.

        An unknown name takes as long as a wrong password.
        """
        failures = self._failures.setdefault(name, _Failures())
        if len(self._failures) > _MOST_FAILURES:
            del self._failures[next(iter(self._failures))]
        if time.monotonic() < failures.until:
            return False
        entry = self._entries.read().get(name, _NOBODY)
        if hmac.compare_digest(_hashed(password, entry), entry["hash"]):
            self._failures.pop(name, None)
            return True
        failures.count += 1
        over = failures.count - _FREE_ATTEMPTS
        if over >= 0:
            failures.until = time.monotonic() + min(_LONGEST_WAIT, 2.0**over)
        return False

    @property
    def _entries(self) -> PrivateEntries:
        return PrivateEntries(self.folder / LOGINS_FILE)
