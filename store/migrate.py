"""Bringing records up to date, by Alembic, in one transaction and under the owner's lock.

Knows revisions and who may migrate. What a step does is in `migrations/versions`.
"""

from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from omnipersona.store import first_edition
from omnipersona.store.database import Database, new_id
from omnipersona.store.errors import StorageFailed
from omnipersona.store.schema import identity

HEAD: Final = "0001"
"""The newest revision; a test holds it to the newest file."""

_FOLDER: Final = Path(__file__).parent / "migrations"


def migrate(
    database: Database, folder: Path, records: Path | None, keep: first_edition.Keep, name: str = ""
) -> None:
    """Bring records up to date; a copy is made first.

    Args:
        database: Open and owned.
        folder: The data folder, where files of the first edition may lie.
        records: SQLite's file, or None.
        keep: Keeps pictures that only the history of the first edition has.
        name: Of a new memory; "" makes one up.
    Raises: StorageFailed: a newer version of the program wrote the records.
    """
    with database.of_all() as connection:
        found = _revision(connection)
        is_old = found is None and first_edition.is_there(connection)
    _check_known(found)
    if found != HEAD:
        shown: dict[str, first_edition.Shown] = {}
        if is_old:
            shown = first_edition.shown_pictures(database, folder, keep)
        if is_old or found is not None:
            first_edition.copy_records(folder, records)
        with database.of_all() as connection:
            if not database.is_sqlite:
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            _upgrade(connection, folder=folder, shown=shown)
            if connection.execute(sa.select(identity.c.id)).first() is None:
                connection.execute(sa.insert(identity).values(id=name or new_id()))
    first_edition.move_files(folder)


def _revision(connection: Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    query = "SELECT version_num FROM alembic_version"
    found: str | None = connection.exec_driver_sql(query).scalar()
    return found


def _check_known(revision: str | None) -> None:
    if revision is not None and revision > HEAD:
        raise StorageFailed(
            f"The memory was written by a newer version (step {revision}); this one knows steps up "
            f"to {HEAD}. Update OmniPersona or open another memory."
        )


def _upgrade(connection: Connection, **given: object) -> None:
    # Alembic is slow to import, and most starts have nothing to do.
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection, **given})
    config.set_main_option("script_location", str(_FOLDER))
    command.upgrade(config, "head")
