"""What the page showed: users, threads, steps and the bytes of pictures.

Steps and elements are kept as the JSON that the page sends and reads, so that no field of theirs is
lost. Knows tables (`shape` makes them). Does not know the chat frame, nor where the tables lie.
"""

import json
import re
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self

from omnipersona.agent.history.shape import MIGRATIONS
from omnipersona.agent.stores import Database, Row, Writer, open_tables

if TYPE_CHECKING:
    from omnipersona.agent.settings import Settings

FORGOTTEN: Final = "[forgotten]"


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
    """The open tables; may be used from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, settings: "Settings") -> Self:
        """Open or make the tables where the settings have them.

        Raises: StorageFailed: they cannot be used; with a sentence for the user.
        """
        return cls(open_tables(settings, "history", MIGRATIONS))

    def close(self) -> None:
        """Close them."""
        self._database.close()

    def user(self, identifier: str) -> StoredUser | None:
        """Return a user by what they log in as."""
        rows = self._rows("SELECT * FROM users WHERE identifier = ?", identifier)
        return _user(rows[0]) if rows else None

    def put_user(self, identifier: str, metadata: Mapping[str, Any]) -> StoredUser:
        """Make a user known, or renew what is known beside the name."""
        with self._database.transaction() as writer:
            writer.execute(
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
        with self._database.transaction() as writer:
            _ensure_thread(writer, thread_id)
            if user_id is not None:
                writer.execute("UPDATE threads SET user_id = ? WHERE id = ?", (user_id, thread_id))
            if name is not None:
                # PostgreSQL keeps no NUL, which a pasted message may begin with.
                writer.execute(
                    "UPDATE threads SET name = ? WHERE id = ?", (name.replace("\0", ""), thread_id)
                )
            if metadata is not None:
                [row] = self._rows("SELECT metadata FROM threads WHERE id = ?", thread_id)
                merged = {**json.loads(row["metadata"]), **metadata}
                kept = {key: value for key, value in merged.items() if value is not None}
                writer.execute(
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
        rows = self._rows(
            f"{_THREADS} WHERE threads.user_id = ? ORDER BY threads.updated_at DESC, threads.id",
            user_id,
        )
        found = [_thread(row) for row in rows]
        if search:
            found = [one for one in found if self._was_said(one.id, search)]
        start = next((i + 1 for i, one in enumerate(found) if one.id == after), 0)
        return found[start : start + first], len(found) > start + first

    def delete_thread(self, thread_id: str) -> None:
        """Delete a thread with all that was said and shown in it."""
        with self._database.transaction() as writer:
            writer.execute("DELETE FROM threads WHERE id = ?", (thread_id,))
        self._database.empty_log()

    def put_step(self, step: Mapping[str, Any]) -> None:
        """Keep a step, or its newer state; fields that are missing stay as they were."""
        step_id, thread_id = str(step["id"]), str(step["threadId"])
        given = {key: value for key, value in step.items() if value is not None}
        with self._database.transaction() as writer:
            _ensure_thread(writer, thread_id)
            rows = self._rows("SELECT data FROM steps WHERE id = ?", step_id)
            old = json.loads(rows[0]["data"]) if rows else {"createdAt": _now()}
            writer.execute(
                "INSERT INTO steps (id, thread_id, data) VALUES (?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET data = excluded.data",
                (step_id, thread_id, json.dumps({**old, **given})),
            )
            writer.execute("UPDATE threads SET updated_at = ? WHERE id = ?", (_now(), thread_id))

    def steps(self, thread_id: str) -> list[dict[str, Any]]:
        """Return the steps of a thread in the order in which they were made."""
        rows = self._rows("SELECT data FROM steps WHERE thread_id = ? ORDER BY number", thread_id)
        steps = [json.loads(row["data"]) for row in rows]
        # Those of the same moment stay in the order of storing.
        return sorted(steps, key=lambda step: str(step.get("createdAt", "")))

    def delete_step(self, step_id: str) -> None:
        """Delete a step and what is shown with it."""
        with self._database.transaction() as writer:
            writer.execute("DELETE FROM elements WHERE step_id = ?", (step_id,))
            writer.execute("DELETE FROM steps WHERE id = ?", (step_id,))

    def put_element(self, element: Mapping[str, Any], content: bytes) -> None:
        """Keep what is shown with a step, and its bytes."""
        thread_id = str(element["threadId"])
        with self._database.transaction() as writer:
            _ensure_thread(writer, thread_id)
            writer.execute(
                "INSERT INTO elements (id, thread_id, step_id, data, content)"
                " VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE"
                " SET data = excluded.data, content = excluded.content",
                (element["id"], thread_id, element["forId"], json.dumps(element), content),
            )

    def elements(self, thread_id: str) -> list[dict[str, Any]]:
        """Return what is shown in a thread, without bytes."""
        rows = self._rows(
            "SELECT data FROM elements WHERE thread_id = ? ORDER BY number", thread_id
        )
        return [json.loads(row["data"]) for row in rows]

    def element_content(self, element_id: str) -> tuple[str, str, bytes] | None:
        """Return the owner's identifier, the type and the bytes of an element."""
        rows = self._rows(
            "SELECT users.identifier AS owner, elements.data, elements.content FROM elements"
            " JOIN threads ON threads.id = elements.thread_id"
            " JOIN users ON users.id = threads.user_id WHERE elements.id = ?",
            element_id,
        )
        if not rows:
            return None
        return rows[0]["owner"], json.loads(rows[0]["data"])["mime"], rows[0]["content"]

    def delete_element(self, element_id: str) -> None:
        """Delete one element."""
        with self._database.transaction() as writer:
            writer.execute("DELETE FROM elements WHERE id = ?", (element_id,))

    def redact(self, identifier: str, words: Collection[str]) -> int:
        """Take words out of a user's conversations; return how many held one.

        Pictures of such a conversation go with them: nobody can tell which of them showed what the
        words name.
        """
        pattern = re.compile("|".join(map(_as_written, words)), re.IGNORECASE)
        user = self.user(identifier)
        touched = 0
        with self._database.transaction() as writer:
            rows = (
                self._rows("SELECT id, name FROM threads WHERE user_id = ?", user.id)
                if user
                else ()
            )
            for row in rows:
                touched += self._redact_thread(writer, row["id"], row["name"] or "", pattern)
        self._database.empty_log()
        return touched

    def _redact_thread(
        self, writer: Writer, thread_id: str, name: str, pattern: re.Pattern[str]
    ) -> bool:
        steps = self._rows("SELECT id, data FROM steps WHERE thread_id = ?", thread_id)
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
            writer.execute(
                "UPDATE steps SET data = ? WHERE id = ?",
                (json.dumps({**data, **said}), row["id"]),
            )
        writer.execute(
            "UPDATE threads SET name = ?, metadata = '{}' WHERE id = ?",
            (pattern.sub(FORGOTTEN, name), thread_id),
        )
        writer.execute("DELETE FROM elements WHERE thread_id = ?", (thread_id,))
        return True

    def _was_said(self, thread_id: str, words: str) -> bool:
        said = (str(step.get("output") or "") for step in self.steps(thread_id))
        return any(words.casefold() in text.casefold() for text in said)

    def _rows(self, query: str, *values: str) -> tuple[Row, ...]:
        return self._database.rows(query, values)


_SAID: Final = ("name", "input", "output")
_THREADS: Final = (
    "SELECT threads.*, users.identifier AS owner FROM threads"
    " JOIN users ON users.id = threads.user_id"
)


def _ensure_thread(writer: Writer, thread_id: str) -> None:
    now = _now()
    writer.execute(
        "INSERT INTO threads VALUES (?, NULL, NULL, '{}', ?, ?) ON CONFLICT DO NOTHING",
        (thread_id, now, now),
    )


def _texts(step: Mapping[str, Any]) -> list[str]:
    return [step[key] for key in _SAID if isinstance(step.get(key), str)]


def _as_written(word: str) -> str:
    """Return a pattern of a whole word; Markdown may have backslashes before its signs."""
    letters = (rf"\\?{re.escape(letter)}" for letter in word)
    return rf"(?<!\w){''.join(letters)}(?!\w)"


def _user(row: Row) -> StoredUser:
    return StoredUser(
        id=row["id"],
        identifier=row["identifier"],
        metadata=json.loads(row["metadata"]),
        created_at=row["created_at"],
    )


def _thread(row: Row) -> StoredThread:
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
