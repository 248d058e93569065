"""The shape of the database, as numbered steps; a released step is never changed.

Every step runs in one transaction with the note that it ran, so an interrupted one leaves nothing.
Ids alone are not trusted to keep users apart: keys between tables carry the user id as well.
"""

import sqlite3
from collections.abc import Callable
from typing import Final

from omnipersona.memory.errors import StorageFailed
from omnipersona.memory.records import now

Migration = Callable[[sqlite3.Connection], None]


def m001_records(connection: sqlite3.Connection) -> None:
    """Make users, concepts, facts, pictures and the photos of concepts."""
    connection.execute("CREATE TABLE users (id TEXT PRIMARY KEY, created_at TEXT NOT NULL)")
    connection.execute(
        """CREATE TABLE concepts (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            name_key TEXT NOT NULL,
            kind TEXT,
            state TEXT NOT NULL CHECK (state IN ('new', 'learning', 'ready', 'failed')),
            tokens_sha256 TEXT,
            base_fingerprint TEXT,
            consent INTEGER NOT NULL,
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL,
            UNIQUE (user_id, id),
            UNIQUE (user_id, name_key)
        )"""
    )
    connection.execute(
        """CREATE TABLE facts (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            concept_id TEXT,
            attribute TEXT NOT NULL,
            value TEXT NOT NULL,
            source TEXT NOT NULL CHECK (source IN ('said', 'photo', 'tokens')),
            origin TEXT NOT NULL,
            created_at TEXT NOT NULL,
            replaces TEXT REFERENCES facts (id) ON DELETE SET NULL,
            retired_at TEXT,
            FOREIGN KEY (user_id, concept_id) REFERENCES concepts (user_id, id) ON DELETE CASCADE
        )"""
    )
    connection.execute("CREATE INDEX facts_of_concept ON facts (user_id, concept_id)")
    connection.execute("CREATE INDEX facts_replaced ON facts (replaces)")
    connection.execute(
        """CREATE TABLE pictures (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            sha256 TEXT NOT NULL,
            width INTEGER NOT NULL,
            height INTEGER NOT NULL,
            origin TEXT NOT NULL CHECK (origin IN ('uploaded', 'drawn', 'edited', 'sample')),
            thread_id TEXT,
            parent_id TEXT REFERENCES pictures (id) ON DELETE SET NULL,
            details TEXT NOT NULL,
            created_at TEXT NOT NULL,
            UNIQUE (user_id, id)
        )"""
    )
    connection.execute("CREATE INDEX pictures_of_thread ON pictures (user_id, thread_id)")
    connection.execute("CREATE INDEX pictures_of_file ON pictures (user_id, sha256)")
    connection.execute("CREATE INDEX pictures_edited ON pictures (parent_id)")
    _link_pictures(connection, "concept_photos")


def m002_drawings(connection: sqlite3.Connection) -> None:
    """Note which concepts a drawn picture shows."""
    _link_pictures(connection, "picture_concepts")


MIGRATIONS: Final[tuple[Migration, ...]] = (m001_records, m002_drawings)


def migrate(
    connection: sqlite3.Connection, migrations: tuple[Migration, ...] = MIGRATIONS
) -> tuple[str, ...]:
    """Run the steps that have not run yet and return their names.

    Args:
        connection: In autocommit mode (`isolation_level=None`).
        migrations: All steps, oldest first.
    Raises: StorageFailed: the database was written by a newer version of the program.
    """
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL)"
    )
    applied = {row[0] for row in connection.execute("SELECT name FROM migrations")}
    unknown = sorted(applied - {step.__name__ for step in MIGRATIONS})
    if unknown:
        raise StorageFailed(
            f"The data folder was written by a newer version (step {unknown[0]}); this one knows "
            f"steps up to {MIGRATIONS[-1].__name__}. Update OmniPersona or use another folder."
        )
    done: list[str] = []
    for step in migrations:
        if step.__name__ in applied:
            continue
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            step(connection)
            connection.execute("INSERT INTO migrations VALUES (?, ?)", (step.__name__, now()))
        done.append(step.__name__)
    return tuple(done)


def _link_pictures(connection: sqlite3.Connection, table: str) -> None:
    connection.execute(
        f"""CREATE TABLE {table} (
            user_id TEXT NOT NULL,
            concept_id TEXT NOT NULL,
            picture_id TEXT NOT NULL,
            PRIMARY KEY (user_id, concept_id, picture_id),
            FOREIGN KEY (user_id, concept_id) REFERENCES concepts (user_id, id) ON DELETE CASCADE,
            FOREIGN KEY (user_id, picture_id) REFERENCES pictures (user_id, id) ON DELETE CASCADE
        )"""
    )
    connection.execute(f"CREATE INDEX {table}_by_picture ON {table} (user_id, picture_id)")
