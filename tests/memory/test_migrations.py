"""Steps of the database's shape, on a file and on a server."""

from collections.abc import Callable

import pytest
from servers import TestPlaces

from omnipersona.memory.database import Database, Writer
from omnipersona.memory.errors import StorageFailed
from omnipersona.memory.migrations import MIGRATIONS, Migration, m001_records, migrate
from omnipersona.memory.opening import Places

pytestmark = pytest.mark.both_stores
NAMES = tuple(step.__name__ for step in MIGRATIONS)

OpenWith = Callable[..., Database]


@pytest.fixture
def open_with(places: TestPlaces) -> OpenWith:
    """Open one database with the given steps."""
    places.folder.mkdir()

    def open_one(*migrations: Migration) -> Database:
        return Places(folder=places.folder, database=places.database).open_other(
            "history", migrations
        )

    return open_one


def test_an_empty_database_gets_every_step_once(open_with: OpenWith) -> None:
    database = open_with()
    assert migrate(database) == NAMES
    for table in ("users", "concepts", "facts", "pictures", "picture_concepts"):
        assert database.rows(f"SELECT * FROM {table}") == ()
    assert migrate(database) == ()
    database.close()


def test_steps_are_numbered_in_order(places: TestPlaces) -> None:
    assert [int(name[1:4]) for name in NAMES] == list(range(1, len(NAMES) + 1))


def test_records_of_the_first_version_are_kept(open_with: OpenWith) -> None:
    database = open_with(m001_records)
    with database.transaction() as writer:
        writer.execute("INSERT INTO users VALUES ('anna', 'then')")
    assert migrate(database) == NAMES[1:]
    assert [row["id"] for row in database.rows("SELECT id FROM users")] == ["anna"]
    database.close()


def test_a_step_that_fails_leaves_nothing(open_with: OpenWith) -> None:
    def m002_broken(writer: Writer) -> None:
        writer.execute("CREATE TABLE half (id TEXT)")
        writer.execute("nonsense")

    with pytest.raises(StorageFailed, match="nonsense"):
        open_with(m001_records, m002_broken)
    database = open_with(m001_records)
    with pytest.raises(StorageFailed, match="half"):
        database.rows("SELECT * FROM half")
    assert migrate(database) == NAMES[1:]
    database.close()


def test_a_database_of_a_newer_version_is_refused(open_with: OpenWith) -> None:
    database = open_with(*MIGRATIONS)
    with database.transaction() as writer:
        writer.execute("INSERT INTO migrations VALUES ('m999_future', 'later')")
    database.close()
    with pytest.raises(StorageFailed, match="m999_future"):
        open_with(*MIGRATIONS)
