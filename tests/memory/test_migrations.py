"""Steps of the database's shape."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from omnipersona.memory.database import Database
from omnipersona.memory.errors import StorageFailed
from omnipersona.memory.migrations import MIGRATIONS, m001_records, migrate

NAMES = tuple(step.__name__ for step in MIGRATIONS)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    opened = sqlite3.connect(":memory:", isolation_level=None)
    yield opened
    opened.close()


def tables(connection: sqlite3.Connection) -> set[str]:
    return {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}


def test_an_empty_file_gets_every_step_once(connection: sqlite3.Connection) -> None:
    assert migrate(connection) == NAMES
    assert {"users", "concepts", "facts", "pictures", "picture_concepts"} <= tables(connection)
    assert migrate(connection) == ()


def test_steps_are_numbered_in_order() -> None:
    assert [int(name[1:4]) for name in NAMES] == list(range(1, len(NAMES) + 1))


def test_a_file_of_the_first_version_keeps_its_records(connection: sqlite3.Connection) -> None:
    migrate(connection, (m001_records,))
    connection.execute("INSERT INTO users VALUES ('anna', 'then')")
    assert migrate(connection) == NAMES[1:]
    assert connection.execute("SELECT id FROM users").fetchall() == [("anna",)]


def test_a_step_that_fails_leaves_nothing(connection: sqlite3.Connection) -> None:
    def m002_broken(broken: sqlite3.Connection) -> None:
        broken.execute("CREATE TABLE half (id TEXT)")
        broken.execute("nonsense")

    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, (m001_records, m002_broken))
    assert "half" not in tables(connection)
    assert migrate(connection) == NAMES[1:]


def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite3"
    Database.open(path).close()
    newer = sqlite3.connect(path)
    with newer:
        newer.execute("INSERT INTO migrations VALUES ('m999_future', 'later')")
    newer.close()
    with pytest.raises(StorageFailed, match="m999_future"):
        Database.open(path)
