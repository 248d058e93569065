"""Where a session's stores lie, by its settings: in the data folder, or on servers.

Knows settings and who opens what; the page opens its history here and the doctor looks here. Does
not know what is kept.
"""

from collections.abc import Iterator

from omnipersona.agent.checkpoints import Checkpoints
from omnipersona.agent.settings import Settings
from omnipersona.memory.database import Database, Row, Writer
from omnipersona.memory.encoder import Encoder
from omnipersona.memory.errors import MemoryStoreError
from omnipersona.memory.memory import Memory
from omnipersona.memory.migrations import Migration
from omnipersona.memory.opening import Places

__all__ = [
    "Database",
    "Migration",
    "Row",
    "Writer",
    "look",
    "open_checkpoints",
    "open_memory",
    "open_tables",
]


def open_memory(settings: Settings, encoder: Encoder | None) -> Memory:
    """Open the memory and become its owner.

    Raises: MemoryStoreError: a store cannot be used; with a sentence for the user.
    """
    return Memory.open(settings.data, encoder, database=settings.database, blobs=settings.blobs)


async def open_checkpoints(settings: Settings) -> Checkpoints:
    """Open the conversations; the memory is open.

    Raises: StorageFailed: the database cannot be used.
    """
    if settings.database:
        from omnipersona.agent.postgres_checkpoints import PostgresCheckpoints

        return await PostgresCheckpoints.open(settings.database)
    from omnipersona.agent.sqlite_checkpoints import SqliteCheckpoints

    return await SqliteCheckpoints.open(settings.data)


def open_tables(settings: Settings, name: str, migrations: tuple[Migration, ...]) -> Database:
    """Open tables that are not the memory's.

    Args:
        settings: Where.
        name: A word; names the file or the schema.
        migrations: The numbered steps to their shape.
    Raises: StorageFailed: they cannot be used.
    """
    return _places(settings).open_other(name, migrations)


def look(settings: Settings) -> Iterator[tuple[str, bool, str]]:
    """Say of each store what it is and whether it answers, changing nothing.

    Yields: Name, whether all is well, and a sentence.
    """
    places = _places(settings)
    for name, ask in (("records", places.look_at_records), ("files", places.look_at_blobs)):
        try:
            yield name, True, ask()
        except MemoryStoreError as error:
            yield name, False, str(error)


def _places(settings: Settings) -> Places:
    return Places(folder=settings.data, database=settings.database, blobs=settings.blobs)
