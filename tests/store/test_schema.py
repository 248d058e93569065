"""What migrations make is what the schema says."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from servers import TestPlaces
from sqlalchemy.dialects.postgresql.base import ischema_names

from omnipersona.store.schema import METADATA, Vector
from omnipersona.store.stores import Places


@pytest.mark.both_stores
def test_migrations_make_the_tables_of_the_schema(
    places: TestPlaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ischema_names, "vector", Vector)
    places.folder.mkdir(exist_ok=True)
    database, _ = Places(folder=places.folder, **places.urls).open()
    with database.of_all() as connection:
        found = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(found, METADATA) == []
    database.close()


def test_every_constraint_is_there_too(tmp_path: Path) -> None:
    """SQLite keeps the statements, with checks and links that a comparison does not look at."""
    database, _ = Places(folder=tmp_path).open()
    with database.of_all() as connection:
        made = _statements(connection)
    database.close()
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        METADATA.create_all(connection)
        wanted = _statements(connection)
    engine.dispose()
    assert made == wanted


def _statements(connection: sa.Connection) -> dict[str, set[str]]:
    rows = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name NOT LIKE 'sqlite_%'"
        " AND tbl_name <> 'alembic_version'"
    )
    return {name: {line.strip().rstrip(",") for line in sql.splitlines()} for name, sql in rows}
