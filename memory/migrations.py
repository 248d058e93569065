"""The shape of the records, as numbered steps, and how steps of any database run.

A released step is never changed. Every step runs in one transaction with the note that it ran, so
an interrupted one leaves nothing. Ids alone are not trusted to keep users apart: keys between
tables carry the user id as well.
"""

from collections.abc import Callable
from typing import Final

from omnipersona.memory.database import Database, Writer
from omnipersona.memory.errors import StorageFailed
from omnipersona.memory.records import new_id, now

Migration = Callable[[Writer], None]


def m001_records(writer: Writer) -> None:
    """Make users, concepts, facts, pictures and the photos of concepts."""
    writer.execute("CREATE TABLE users (id TEXT PRIMARY KEY, created_at TEXT NOT NULL)")
    writer.execute(
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
    writer.execute(
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
    writer.execute("CREATE INDEX facts_of_concept ON facts (user_id, concept_id)")
    writer.execute("CREATE INDEX facts_replaced ON facts (replaces)")
    writer.execute(
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
    writer.execute("CREATE INDEX pictures_of_thread ON pictures (user_id, thread_id)")
    writer.execute("CREATE INDEX pictures_of_file ON pictures (user_id, sha256)")
    writer.execute("CREATE INDEX pictures_edited ON pictures (parent_id)")
    _link_pictures(writer, "concept_photos")


def m002_drawings(writer: Writer) -> None:
    """Note which concepts a drawn picture shows."""
    _link_pictures(writer, "picture_concepts")


def m003_identity(writer: Writer) -> None:
    """Give the memory a name, under which a store of files that others use too keeps its own."""
    writer.execute("CREATE TABLE identity (id TEXT NOT NULL)")
    writer.execute("INSERT INTO identity VALUES (?)", (new_id(),))


def m004_mentions(writer: Writer) -> None:
    """Note which words of forgotten things conversations may still hold."""
    writer.execute(
        """CREATE TABLE mentions (
            number INTEGER PRIMARY KEY,
            user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            words TEXT NOT NULL,
            name TEXT NOT NULL
        )"""
    )


MIGRATIONS: Final[tuple[Migration, ...]] = (
    m001_records,
    m002_drawings,
    m003_identity,
    m004_mentions,
)


def migrate(database: Database, migrations: tuple[Migration, ...] = MIGRATIONS) -> tuple[str, ...]:
    """Run the steps that have not run yet and return their names.

    Args:
        database: What they change.
        migrations: All of its steps, oldest first.
    Raises: StorageFailed: the database was written by a newer version of the program.
    """
    with database.transaction() as writer:
        writer.execute(
            "CREATE TABLE IF NOT EXISTS migrations"
            " (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL)"
        )
    applied = {row["name"] for row in database.rows("SELECT name FROM migrations")}
    unknown = sorted(applied - {step.__name__ for step in migrations})
    if unknown:
        raise StorageFailed(
            f"The memory was written by a newer version (step {unknown[0]}); this one knows "
            f"steps up to {migrations[-1].__name__}. Update OmniPersona or open another memory."
        )
    done: list[str] = []
    for step in migrations:
        if step.__name__ in applied:
            continue
        with database.transaction() as writer:
            step(writer)
            writer.execute("INSERT INTO migrations VALUES (?, ?)", (step.__name__, now()))
        done.append(step.__name__)
    return tuple(done)


def _link_pictures(writer: Writer, table: str) -> None:
    writer.execute(
        f"""CREATE TABLE {table} (
            user_id TEXT NOT NULL,
            concept_id TEXT NOT NULL,
            picture_id TEXT NOT NULL,
            PRIMARY KEY (user_id, concept_id, picture_id),
            FOREIGN KEY (user_id, concept_id) REFERENCES concepts (user_id, id) ON DELETE CASCADE,
            FOREIGN KEY (user_id, picture_id) REFERENCES pictures (user_id, id) ON DELETE CASCADE
        )"""
    )
    writer.execute(f"CREATE INDEX {table}_by_picture ON {table} (user_id, picture_id)")
