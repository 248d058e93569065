"""The shape of what the page showed, as numbered steps; a released step is never changed.

Files were made before steps had numbers, so the first one leaves alone what is there.
"""

from typing import Final

from omnipersona.agent.stores import Migration, Writer


def m001_tables(writer: Writer) -> None:
    """Make users, threads, steps and elements."""
    writer.execute(
        """CREATE TABLE IF NOT EXISTS users (
            id TEXT PRIMARY KEY,
            identifier TEXT NOT NULL UNIQUE,
            metadata TEXT NOT NULL,
            created_at TEXT NOT NULL
        )"""
    )
    writer.execute(
        """CREATE TABLE IF NOT EXISTS threads (
            id TEXT PRIMARY KEY,
            user_id TEXT REFERENCES users ON DELETE CASCADE,
            name TEXT,
            metadata TEXT NOT NULL,
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL
        )"""
    )
    writer.execute("CREATE INDEX IF NOT EXISTS threads_of_user ON threads (user_id, updated_at)")
    writer.execute(
        """CREATE TABLE IF NOT EXISTS steps (
            id TEXT PRIMARY KEY,
            thread_id TEXT NOT NULL REFERENCES threads ON DELETE CASCADE,
            data TEXT NOT NULL
        )"""
    )
    writer.execute(
        """CREATE TABLE IF NOT EXISTS elements (
            id TEXT PRIMARY KEY,
            thread_id TEXT NOT NULL REFERENCES threads ON DELETE CASCADE,
            step_id TEXT NOT NULL,
            data TEXT NOT NULL,
            content BLOB NOT NULL
        )"""
    )


def m002_numbers(writer: Writer) -> None:
    """Number steps and elements in the order in which they were stored."""
    writer.execute("ALTER TABLE steps RENAME TO old_steps")
    writer.execute(
        """CREATE TABLE steps (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            thread_id TEXT NOT NULL REFERENCES threads ON DELETE CASCADE,
            data TEXT NOT NULL
        )"""
    )
    # A whole table without a condition is read in the order of storing.
    writer.execute(
        "INSERT INTO steps (id, thread_id, data) SELECT id, thread_id, data FROM old_steps"
    )
    writer.execute("ALTER TABLE elements RENAME TO old_elements")
    writer.execute(
        """CREATE TABLE elements (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            thread_id TEXT NOT NULL REFERENCES threads ON DELETE CASCADE,
            step_id TEXT NOT NULL,
            data TEXT NOT NULL,
            content BLOB NOT NULL
        )"""
    )
    writer.execute(
        "INSERT INTO elements (id, thread_id, step_id, data, content)"
        " SELECT id, thread_id, step_id, data, content FROM old_elements"
    )
    for table in ("steps", "elements"):
        writer.execute(f"DROP TABLE old_{table}")
        writer.execute(f"CREATE INDEX {table}_of_thread ON {table} (thread_id)")


MIGRATIONS: Final[tuple[Migration, ...]] = (m001_tables, m002_numbers)
