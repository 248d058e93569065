"""Databases: whole writes, plain errors, many threads; a file and a server."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import Postgres, TestPlaces

from omnipersona.memory.database import BrokenRule, Database, add_user
from omnipersona.memory.errors import InvalidText, StorageFailed
from omnipersona.memory.migrations import MIGRATIONS
from omnipersona.memory.opening import DATABASE_FILE, Places
from omnipersona.memory.sqlite import SqliteDatabase

both_stores = pytest.mark.both_stores


@pytest.fixture
def database(places: TestPlaces) -> Iterator[Database]:
    places.folder.mkdir()
    opened = Places(folder=places.folder, database=places.database).open_records()
    yield opened
    opened.close()


def add_users(database: Database, *user_ids: str) -> None:
    with database.transaction() as writer:
        writer.executemany(
            "INSERT INTO users VALUES (?, 'now')", [(user_id,) for user_id in user_ids]
        )


def pragma(database: Database, name: str) -> object:
    [row] = database.rows(f"PRAGMA {name}")
    return row[name]


def test_the_file_is_kept_safe_by_its_settings(database: Database) -> None:
    names = ("journal_mode", "foreign_keys", "secure_delete", "synchronous")
    assert [pragma(database, name) for name in names] == ["wal", 1, 1, 2]


@both_stores
def test_an_interrupted_write_leaves_nothing(database: Database) -> None:
    with pytest.raises(BrokenRule) as caught:
        add_users(database, "anna", "anna")
    assert not caught.value.is_link
    assert database.rows("SELECT * FROM users") == ()


def test_a_full_disk_is_a_sentence_and_the_next_write_works(database: Database) -> None:
    pages = pragma(database, "page_count")
    database.rows(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageFailed, match=r"full.*free some space"):
        add_users(database, *(f"user {number}" for number in range(5000)))
    database.rows("PRAGMA max_page_count = 100000")
    add_users(database, "anna")
    assert [row["id"] for row in database.rows("SELECT id FROM users")] == ["anna"]


def test_a_read_only_file_is_a_sentence(database: Database) -> None:
    database.rows("PRAGMA query_only = ON")
    with pytest.raises(StorageFailed, match="readonly"), database.transaction() as writer:
        add_user(writer, "anna")


def test_garbage_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / DATABASE_FILE
    path.write_bytes(b"garbage" * 1000)
    with pytest.raises(StorageFailed, match="not a database"):
        SqliteDatabase.open(path, MIGRATIONS)


def test_a_connection_lost_in_the_middle_keeps_nothing(
    on_servers: TestPlaces, postgres_server: Postgres
) -> None:
    database = Places(folder=on_servers.folder, database=on_servers.database).open_records()

    def lose(*, and_read: bool) -> None:
        with database.transaction() as writer:
            add_user(writer, "anna")
            postgres_server.cut()
            if and_read:
                database.rows("SELECT * FROM users")

    for and_read in (True, False):
        with pytest.raises(StorageFailed, match="cannot be used"):
            lose(and_read=and_read)
    assert database.rows("SELECT * FROM users") == ()
    add_users(database, "anna")
    database.close()


@both_stores
def test_a_lone_surrogate_is_a_sentence(database: Database) -> None:
    with pytest.raises(InvalidText, match="lone surrogate"):
        database.rows("SELECT * FROM users WHERE id = ?", ("\ud800",))


@both_stores
def test_broken_rules_stay_bugs(database: Database) -> None:
    with pytest.raises(BrokenRule), database.transaction() as writer:
        writer.execute("INSERT INTO users VALUES (NULL, NULL)")
    with pytest.raises(BrokenRule) as caught, database.transaction() as writer:
        writer.execute("INSERT INTO concept_photos VALUES ('a', 'b', 'c')")
    assert caught.value.is_link


@both_stores
def test_erasing_keeps_what_is_there(database: Database) -> None:
    add_users(database, "anna", "ben")
    with database.transaction() as writer:
        writer.execute("DELETE FROM users WHERE id = ?", ("anna",))
    database.erase()
    database.empty_log()
    assert [row["id"] for row in database.rows("SELECT id FROM users")] == ["ben"]


@both_stores
def test_threads_lose_no_write(database: Database) -> None:
    def write(name: str) -> None:
        for number in range(20):
            with database.transaction() as writer:
                add_user(writer, f"{name} {number}")

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcdef"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(database.rows("SELECT id FROM users")) == 120
