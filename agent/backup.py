"""Backing up and restoring a data folder, for the command line.

Knows that servers have better means of their own.
"""

from pathlib import Path

from omnipersona.agent.settings import Settings
from omnipersona.memory import backup
from omnipersona.memory.errors import StorageFailed


def back_up(settings: Settings, file: Path) -> int:
    """Write a data folder into one file.

    Raises: MemoryStoreError: it cannot be done, or not everything lies in the folder.
    """
    _check_places(settings)
    return backup.back_up(settings.data, file)


def restore(file: Path, settings: Settings) -> int:
    """Make a data folder from a backup.

    Raises: MemoryStoreError: it cannot be done, or not everything belongs in the folder.
    """
    _check_places(settings)
    return backup.restore(file, settings.data)


def _check_places(settings: Settings) -> None:
    ways = []
    if settings.database:
        ways.append("the database with pg_dump --schema='omnipersona*' and psql")
    if settings.blobs:
        ways.append("the store of OMNIPERSONA_BLOBS with its own copies")
    if ways:
        raise StorageFailed(
            f"This command knows the data folder alone, and the settings name servers. Copy "
            f"{' and '.join(ways)}, at the same time, and keep {settings.data} with it."
        )
