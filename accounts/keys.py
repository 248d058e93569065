"""Keys by which programs come in: one per user, kept as a hash.

A key is random, so a plain SHA-256 of it cannot be turned back. Knows keys and whose they are. Does
not know what they open.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from omnipersona.accounts.secret_file import PrivateEntries

KEYS_FILE: Final = "keys.json"
_PREFIX: Final = "omni-"
_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """The keys of a data folder."""

    folder: Path

    def names(self) -> list[str]:
        """Return who has a key; raise `OSError` or `ValueError` if the file cannot be read."""
        return sorted(self._entries.read())

    def add(self, name: str) -> str:
        """Give a user a key, in place of one they had; it cannot be shown again.

        Raises: OSError, ValueError: the file cannot be read or written.
        """
        key = _PREFIX + secrets.token_urlsafe(_BYTES)
        made = datetime.now(UTC).isoformat(timespec="seconds")
        self._entries.put(name, {"hash": _hashed(key), "made": made})
        return key

    def remove(self, name: str) -> bool:
        """Take a user's key away; return whether there was one."""
        return self._entries.remove(name)

    def owner(self, key: str) -> str | None:
        """Return whose key this is, or None; all keys are compared, each in constant time."""
        given, found = _hashed(key), None
        for name, entry in self._entries.read().items():
            if hmac.compare_digest(given, entry["hash"]):
                found = name
        return found

    @property
    def _entries(self) -> PrivateEntries:
        return PrivateEntries(self.folder / KEYS_FILE)


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
