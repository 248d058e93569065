"""Backing up and restoring a memory, for the command line."""

from pathlib import Path

from omnipersona.agent.settings import Settings
from omnipersona.agent.stores import places_of
from omnipersona.store import backup


def back_up(settings: Settings, file: Path) -> int:
    """Write a memory into one file; return how many parts it has.

    Raises: StoreError: it cannot be done.
    """
    return backup.back_up(places_of(settings), file)


def restore(file: Path, settings: Settings) -> int:
    """Make a memory from a backup; return how many parts it has.

    Raises: StoreError: it cannot be done.
    """
    return backup.restore(file, places_of(settings))
