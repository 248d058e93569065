"""Secrets by name in one JSON file that its owner alone can read.

Knows files. Does not know what an entry holds; whoever keeps secrets here keeps their hashes.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class PrivateEntries:
    """The file; it is read at every use, so that changes of another process count at once."""

    path: Path

    def read(self) -> dict[str, Any]:
        """Return every entry by name; a missing file has none.

        Raises: OSError, ValueError: the file cannot be read.
        """
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        if not isinstance(content, dict):
            raise ValueError(f"{self.path} is not an object of names.")
        return content

    def put(self, name: str, entry: dict[str, Any]) -> None:
        """Add or replace one entry; raise `OSError` or `ValueError` as for a file."""
        self._write({**self.read(), name: entry})

    def remove(self, name: str) -> bool:
        """Take an entry out; return whether there was one."""
        entries = self.read()
        if entries.pop(name, None) is None:
            return False
        self._write(entries)
        return True

    def _write(self, entries: dict[str, Any]) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = self.path.with_name(f"{self.path.name}.partial")
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(entries, file, indent=1)
        partial.replace(self.path)
