"""What the page showed, in one SQLite file: users, threads, steps and the bytes of pictures.

Steps and elements are kept as the JSON that the page sends and reads, so that no field of theirs is
lost. Deleted text is overwritten. Knows tables. Does not know the chat frame.
"""

import json
import re
import sqlite3
import threading
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

HISTORY_FILE: Final = "history.sqlite3"
FORGOTTEN: Final = "[forgotten]"

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS users (
    id TEXT PRIMARY KEY,
    identifier TEXT NOT NULL UNIQUE,
    metadata TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS threads (
    id TEXT PRIMARY KEY,
    user_id TEXT REFERENCES users ON DELETE CASCADE,
    name TEXT,
    metadata TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS threads_of_user ON threads (user_id, updated_at);
CREATE TABLE IF NOT EXISTS steps (
    id TEXT PRIMARY KEY,
    thread_id TEXT NOT NULL REFERENCES threads ON DELETE CASCADE,
    data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS steps_of_thread ON steps (thread_id);
CREATE TABLE IF NOT EXISTS elements (
    id TEXT PRIMARY KEY,
    thread_id TEXT NOT NULL REFERENCES threads ON DELETE CASCADE,
    step_id TEXT NOT NULL,
    data TEXT NOT NULL,
    content BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS elements_of_thread ON elements (thread_id);
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredUser:
    """Someone who has opened the page."""

    id: str
    identifier: str
    metadata: Mapping[str, Any]
    created_at: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredThread:
    """A conversation without what was said in it; `owner` is the user's identifier."""

    id: str
    owner: str
    user_id: str
    name: str
    metadata: Mapping[str, Any]
    created_at: str


class History:
    """The open file; one connection behind one lock serves all threads."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = threading.RLock()

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open or make the file of a data folder."""
        path = folder / HISTORY_FILE
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode = WAL", "foreign_keys = ON", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}")
        connection.executescript(_SCHEMA)
        return cls(connection)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def user(self, identifier: str) -> StoredUser | None:
        """Return a user by what they log in as."""
        rows = self._rows("SELECT * FROM users WHERE identifier = ?", identifier)
        return _user(rows[0]) if rows else None

    def put_user(self, identifier: str, metadata: Mapping[str, Any]) -> StoredUser:
        """Make a user known, or renew what is known beside the name."""
        with self._write() as connection:
            connection.execute(
                "INSERT INTO users VALUES (?, ?, ?, ?)"
                " ON CONFLICT (identifier) DO UPDATE SET metadata = excluded.metadata",
                (str(uuid.uuid4()), identifier, json.dumps(metadata), _now()),
            )
        found = self.user(identifier)
        assert found is not None, "it was just written"
        return found

    def put_thread(
        self,
        thread_id: str,
        *,
        user_id: str | None = None,
        name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Make a thread, or change what is given; a metadata value of None is taken away."""
        with self._write() as connection:
            self._ensure_thread(connection, thread_id)
            if user_id is not None:
                connection.execute(
                    "UPDATE threads SET user_id = ? WHERE id = ?", (user_id, thread_id)
                )
            if name is not None:
                connection.execute("UPDATE threads SET name = ? WHERE id = ?", (name, thread_id))
            if metadata is not None:
                [row] = connection.execute(
                    "SELECT metadata FROM threads WHERE id = ?", (thread_id,)
                ).fetchall()
                merged = {**json.loads(row["metadata"]), **metadata}
                kept = {key: value for key, value in merged.items() if value is not None}
                connection.execute(
                    "UPDATE threads SET metadata = ? WHERE id = ?", (json.dumps(kept), thread_id)
                )

    def thread(self, thread_id: str) -> StoredThread | None:
        """Return a thread that belongs to someone."""
        rows = self._rows(f"{_THREADS} WHERE threads.id = ?", thread_id)
        return _thread(rows[0]) if rows else None

    def threads(
        self, user_id: str, *, first: int, after: str | None = None, search: str | None = None
    ) -> tuple[list[StoredThread], bool]:
        """Return a user's threads, the newest words first, and whether there are more.

        Args:
            user_id: Whose.
            first: At most this many.
            after: Id of the last thread of the page before.
            search: Only threads in which this was said.
        """
        condition, values = "", [user_id]
        if search:
            condition = (
                " AND EXISTS (SELECT 1 FROM steps WHERE steps.thread_id = threads.id"
                " AND instr(lower(json_extract(steps.data, '$.output')), ?) > 0)"
            )
            values.append(search.lower())
        query = (
            f"{_THREADS} WHERE threads.user_id = ?{condition}"
            " ORDER BY threads.updated_at DESC, threads.id"
        )
        found = [_thread(row) for row in self._rows(query, *values)]
        start = next((i + 1 for i, one in enumerate(found) if one.id == after), 0)
        return found[start : start + first], len(found) > start + first

    def delete_thread(self, thread_id: str) -> None:
        """Delete a thread with all that was said and shown in it."""
        with self._write() as connection:
            connection.execute("DELETE FROM threads WHERE id = ?", (thread_id,))
        self._empty_log()

    def put_step(self, step: Mapping[str, Any]) -> None:
        """Keep a step, or its newer state; fields that are missing stay as they were."""
        step_id, thread_id = str(step["id"]), str(step["threadId"])
        given = {key: value for key, value in step.items() if value is not None}
        with self._write() as connection:
            self._ensure_thread(connection, thread_id)
            rows = connection.execute("SELECT data FROM steps WHERE id = ?", (step_id,)).fetchall()
            old = json.loads(rows[0]["data"]) if rows else {"createdAt": _now()}
            connection.execute(
                "INSERT INTO steps VALUES (?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET data = excluded.data",
                (step_id, thread_id, json.dumps({**old, **given})),
            )
            connection.execute(
                "UPDATE threads SET updated_at = ? WHERE id = ?", (_now(), thread_id)
            )

    def steps(self, thread_id: str) -> list[dict[str, Any]]:
        """Return the steps of a thread in the order in which they were made."""
        rows = self._rows(
            "SELECT data FROM steps WHERE thread_id = ?"
            " ORDER BY json_extract(data, '$.createdAt'), rowid",
            thread_id,
        )
        return [json.loads(row["data"]) for row in rows]

    def delete_step(self, step_id: str) -> None:
        """Delete a step and what is shown with it."""
        with self._write() as connection:
            connection.execute("DELETE FROM elements WHERE step_id = ?", (step_id,))
            connection.execute("DELETE FROM steps WHERE id = ?", (step_id,))

    def put_element(self, element: Mapping[str, Any], content: bytes) -> None:
        """Keep what is shown with a step, and its bytes."""
        thread_id = str(element["threadId"])
        with self._write() as connection:
            self._ensure_thread(connection, thread_id)
            connection.execute(
                "INSERT INTO elements VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE"
                " SET data = excluded.data, content = excluded.content",
                (element["id"], thread_id, element["forId"], json.dumps(element), content),
            )

    def elements(self, thread_id: str) -> list[dict[str, Any]]:
        """Return what is shown in a thread, without bytes."""
        rows = self._rows("SELECT data FROM elements WHERE thread_id = ? ORDER BY rowid", thread_id)
        return [json.loads(row["data"]) for row in rows]

    def element_content(self, element_id: str) -> tuple[str, str, bytes] | None:
        """Return the owner's identifier, the type and the bytes of an element."""
        rows = self._rows(
            "SELECT users.identifier AS owner, json_extract(elements.data, '$.mime') AS mime,"
            " elements.content AS content FROM elements"
            " JOIN threads ON threads.id = elements.thread_id"
            " JOIN users ON users.id = threads.user_id WHERE elements.id = ?",
            element_id,
        )
        return (rows[0]["owner"], rows[0]["mime"], rows[0]["content"]) if rows else None

    def delete_element(self, element_id: str) -> None:
        """Delete one element."""
        with self._write() as connection:
            connection.execute("DELETE FROM elements WHERE id = ?", (element_id,))

    def redact(self, identifier: str, words: Collection[str]) -> int:
        """Take words out of a user's conversations; return how many held one.

        Pictures of such a conversation go with them: nobody can tell which of them showed what the
        words name.
        """
        pattern = re.compile("|".join(map(_as_written, words)), re.IGNORECASE)
        user = self.user(identifier)
        touched = 0
        with self._write() as connection:
            rows = connection.execute(
                "SELECT id, name FROM threads WHERE user_id = ?", (user.id if user else None,)
            ).fetchall()
            for row in rows:
                touched += self._redact_thread(connection, row["id"], row["name"] or "", pattern)
        self._empty_log()
        return touched

    def _redact_thread(
        self, connection: sqlite3.Connection, thread_id: str, name: str, pattern: re.Pattern[str]
    ) -> bool:
        steps = connection.execute(
            "SELECT id, data FROM steps WHERE thread_id = ?", (thread_id,)
        ).fetchall()
        texts = [name, *(text for row in steps for text in _texts(json.loads(row["data"])))]
        if not any(pattern.search(text) for text in texts):
            return False
        for row in steps:
            data = json.loads(row["data"])
            said = {
                key: pattern.sub(FORGOTTEN, data[key])
                for key in _SAID
                if isinstance(data.get(key), str)
            }
            connection.execute(
                "UPDATE steps SET data = ? WHERE id = ?",
                (json.dumps({**data, **said}), row["id"]),
            )
        connection.execute(
            "UPDATE threads SET name = ?, metadata = '{}' WHERE id = ?",
            (pattern.sub(FORGOTTEN, name), thread_id),
        )
        connection.execute("DELETE FROM elements WHERE thread_id = ?", (thread_id,))
        return True

    def _ensure_thread(self, connection: sqlite3.Connection, thread_id: str) -> None:
        now = _now()
        connection.execute(
            "INSERT OR IGNORE INTO threads VALUES (?, NULL, NULL, '{}', ?, ?)",
            (thread_id, now, now),
        )

    def _rows(self, query: str, *values: str) -> Sequence[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection

    def _empty_log(self) -> None:
        # Deleted words would stay readable in the write-ahead log.
        self._rows("PRAGMA wal_checkpoint(TRUNCATE)")


_SAID: Final = ("name", "input", "output")
_THREADS: Final = (
    "SELECT threads.*, users.identifier AS owner FROM threads"
    " JOIN users ON users.id = threads.user_id"
)


def _texts(step: Mapping[str, Any]) -> list[str]:
    return [step[key] for key in _SAID if isinstance(step.get(key), str)]


def _as_written(word: str) -> str:
    """Return a pattern of a whole word; Markdown may have backslashes before its signs."""
    letters = (rf"\\?{re.escape(letter)}" for letter in word)
    return rf"(?<!\w){''.join(letters)}(?!\w)"


def _user(row: sqlite3.Row) -> StoredUser:
    return StoredUser(
        id=row["id"],
        identifier=row["identifier"],
        metadata=json.loads(row["metadata"]),
        created_at=row["created_at"],
    )


def _thread(row: sqlite3.Row) -> StoredThread:
    return StoredThread(
        id=row["id"],
        owner=row["owner"],
        user_id=row["user_id"],
        name=row["name"] or "",
        metadata=json.loads(row["metadata"]),
        created_at=row["created_at"],
    )


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
