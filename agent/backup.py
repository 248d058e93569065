"""Backing up and restoring a data folder, for the command line."""

from pathlib import Path

from omnipersona.memory import backup


def back_up(folder: Path, file: Path) -> int:
    """Write a data folder into one file; raise `MemoryStoreError` if it cannot be done."""
    return backup.back_up(folder, file)


def restore(file: Path, folder: Path) -> int:
    """Make a data folder from a backup; raise `MemoryStoreError` if it cannot be done."""
    return backup.restore(file, folder)
