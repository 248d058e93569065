"""Words that conversations may still hold of what was forgotten, until they are taken out there.

Noted in the transaction that forgets, so that no crash loses them, and deleted when that is done.
Knows words. Does not know conversations.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass

from omnipersona.memory.database import Database, Writer


@dataclass(frozen=True, kw_only=True, slots=True)
class Mention:
    """What to look for in a user's conversations.

    Attributes:
        number: Its identity.
        user_id: Whose conversations.
        words: Ids, names and values.
        name: The name of a concept; "" where only a fact was forgotten.
    """

    number: int
    user_id: str
    words: tuple[str, ...]
    name: str


class MentionStore:
    """What is still to be taken out of conversations, of all users."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self) -> tuple[Mention, ...]:
        """Return what is left to do, oldest first."""
        rows = self._database.rows("SELECT * FROM mentions ORDER BY number")
        return tuple(
            Mention(
                number=row["number"],
                user_id=row["user_id"],
                words=tuple(json.loads(row["words"])),
                name=row["name"],
            )
            for row in rows
        )

    def delete(self, mention: Mention) -> None:
        """Forget the words themselves: nothing holds them any more."""
        with self._database.transaction() as writer:
            writer.execute("DELETE FROM mentions WHERE number = ?", (mention.number,))
        self._database.erase()


def note_mention(writer: Writer, user_id: str, words: Collection[str], name: str = "") -> None:
    """Note words that a user's conversations must lose."""
    writer.execute(
        "INSERT INTO mentions (user_id, words, name) VALUES (?, ?, ?)",
        (user_id, json.dumps(list(words)), name),
    )
