"""Where a session's stores lie, by its settings: in the data folder, or on servers.

Knows settings and who opens what; the doctor looks here. Does not know what is kept.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from omnipersona.agent.checkpoints import Checkpoints
from omnipersona.agent.settings import Settings
from omnipersona.memory.encoder import Encoder
from omnipersona.memory.memory import Memory
from omnipersona.store.database import check_sqlite
from omnipersona.store.errors import StoreError
from omnipersona.store.stores import Places


def open_memory(settings: Settings, encoder: Encoder | None) -> Memory:
    """Open the memory and become its owner.

    Raises: StoreError: a store cannot be used; with a sentence for the user.
    """
    return Memory.open(
        settings.data,
        encoder,
        database=settings.database,
        blobs=settings.blobs,
        max_side=settings.picture_side,
    )


async def open_checkpoints(settings: Settings) -> Checkpoints:
    """Open the conversations; the memory is open.

    Raises: StorageFailed: the database cannot be used.
    """
    if settings.database:
        from omnipersona.agent.postgres_checkpoints import PostgresCheckpoints

        return await PostgresCheckpoints.open(settings.database)
    from omnipersona.agent.sqlite_checkpoints import SqliteCheckpoints

    return await SqliteCheckpoints.open(settings.data)


def look(settings: Settings) -> Iterator[tuple[str, bool, str]]:
    """Say of each store what it is and whether it answers, changing nothing.

    Yields: Name, whether all is well, and a sentence.
    """
    places = places_of(settings)
    looks = {"records": places.look_at_records, "files": places.look_at_files}
    if not settings.database:
        looks["states"] = partial(_look_at_states, settings.data)
    for name, ask in looks.items():
        try:
            yield name, True, ask()
        except StoreError as error:
            yield name, False, str(error)


def _look_at_states(folder: Path) -> str:
    from omnipersona.agent.sqlite_checkpoints import CHECKPOINTS_FILE

    check_sqlite(folder / CHECKPOINTS_FILE)
    return f"of conversations in {folder}, without words"


def places_of(settings: Settings) -> Places:
    """Return where everything of a session lies."""
    return Places(folder=settings.data, database=settings.database, blobs=settings.blobs)
