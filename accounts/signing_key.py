"""The key that signs who is logged in: made once, readable by its owner alone."""

import os
import secrets
from pathlib import Path
from typing import Final

SECRET_FILE: Final = "page.secret"
_BYTES: Final = 48


def signing_secret(folder: Path) -> str:
    """Return the secret of a data folder, making it where there is none.

    Raises: OSError: it cannot be read or written.
    """
    path = folder / SECRET_FILE
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        made = secrets.token_urlsafe(_BYTES)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(made)
        return made
