"""Errors whose text is a sentence for the user; anything else is a bug."""

import sqlite3
from typing import Final

from omnipersona.agent.settings import UnknownSetting
from omnipersona.memory.errors import MemoryStoreError
from omnipersona.model.errors import ModelError
from omnipersona.tools.outcome import ToolFailed, ToolRetry

EXPECTED_ERRORS: Final = (ToolFailed, ToolRetry, ModelError, MemoryStoreError, UnknownSetting)
TURN_ERRORS: Final = (*EXPECTED_ERRORS, sqlite3.OperationalError)
"""What may end a turn; the last comes from the file of conversations."""


def sentence_of(error: Exception) -> str:
    """Return what the user is told of an error of `TURN_ERRORS`."""
    if isinstance(error, sqlite3.OperationalError):
        return (
            f"This conversation could not be kept: {error}. "
            "Free some space or make the data folder writable, and say it again."
        )
    return str(error)
