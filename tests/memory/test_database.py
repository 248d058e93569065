"""The database file: whole writes, plain errors, many threads."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from omnipersona.memory.database import Database, add_user
from omnipersona.memory.errors import InvalidText, StorageFailed


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path / "memory.sqlite3")
    yield opened
    opened.close()


def add_users(database: Database, *user_ids: str) -> None:
    with database.transaction() as connection:
        connection.executemany(
            "INSERT INTO users VALUES (?, 'now')", [(user_id,) for user_id in user_ids]
        )


def pragma(database: Database, name: str) -> object:
    return database.rows(f"PRAGMA {name}")[0][0]


def test_the_file_is_kept_safe_by_its_settings(database: Database) -> None:
    names = ("journal_mode", "foreign_keys", "secure_delete", "synchronous")
    assert [pragma(database, name) for name in names] == ["wal", 1, 1, 2]


def test_an_interrupted_write_leaves_nothing(database: Database) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        add_users(database, "anna", "anna")
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
    with pytest.raises(StorageFailed, match="readonly"), database.transaction() as connection:
        add_user(connection, "anna")


def test_garbage_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite3"
    path.write_bytes(b"garbage" * 1000)
    with pytest.raises(StorageFailed, match="not a database"):
        Database.open(path)


def test_a_lone_surrogate_is_a_sentence(database: Database) -> None:
    with pytest.raises(InvalidText, match="lone surrogate"):
        database.rows("SELECT ?", ("\ud800",))


def test_broken_rules_stay_bugs(database: Database) -> None:
    with pytest.raises(sqlite3.IntegrityError), database.transaction() as connection:
        connection.execute("INSERT INTO users VALUES (NULL, NULL)")


def test_threads_lose_no_write(database: Database) -> None:
    def write(name: str) -> None:
        for number in range(20):
            with database.transaction() as connection:
                add_user(connection, f"{name} {number}")

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcdef"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert database.rows("SELECT count(*) FROM users")[0][0] == 120
