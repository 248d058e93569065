"""Conversations as the graph resumes them: one SQLite file, strict about what it reads back.

Knows threads of users as keys. Does not know what is in a state beyond the ids it may mention.
"""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

import aiosqlite
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

CHECKPOINTS_FILE: Final = "conversations.sqlite3"


class Checkpoints:
    """The open checkpoint file of a data folder."""

    def __init__(self, connection: aiosqlite.Connection, saver: AsyncSqliteSaver) -> None:
        self._connection = connection
        self.saver = saver

    @classmethod
    async def open(cls, data_dir: Path) -> Self:
        """Open the file, making it if it is missing."""
        connection = await aiosqlite.connect(data_dir / CHECKPOINTS_FILE)
        # Without it deleted words would stay readable in free pages.
        await connection.execute("PRAGMA secure_delete = ON")
        serde = JsonPlusSerializer(pickle_fallback=False, allowed_msgpack_modules=None)
        saver = AsyncSqliteSaver(connection, serde=serde)
        await saver.setup()
        return cls(connection, saver)

    async def forget_thread(self, user_id: str, thread_id: str) -> None:
        """Delete a conversation's checkpoints."""
        await self.saver.adelete_thread(thread_key(user_id, thread_id))
        await self._empty_log()

    async def forget_mentions(self, user_id: str, words: Collection[str]) -> int:
        """Delete the user's conversations whose checkpoints hold one of `words`; return how many.

        A checkpoint cannot be redacted in part, so the whole thread goes: the assistant no longer
        knows what was spoken of last there.
        """
        rows = await self._connection.execute_fetchall(
            "SELECT DISTINCT thread_id FROM checkpoints WHERE substr(thread_id, 1, ?) = ?",
            (len(_prefix(user_id)), _prefix(user_id)),
        )
        named = re.compile("|".join(rf"(?<!\w){re.escape(w)}(?!\w)" for w in words), re.IGNORECASE)
        num_forgotten = 0
        for (key,) in rows:
            if await self._mentions(key, named):
                await self.saver.adelete_thread(key)
                num_forgotten += 1
        await self._empty_log()
        return num_forgotten

    async def close(self) -> None:
        """Close the file."""
        await self._connection.close()

    async def _mentions(self, key: str, named: re.Pattern[str]) -> bool:
        config = RunnableConfig(configurable={"thread_id": key})
        async for saved in self.saver.alist(config):
            text = repr((saved.checkpoint["channel_values"], saved.pending_writes))
            if named.search(text):
                return True
        return False

    async def _empty_log(self) -> None:
        # Another turn of the same connection must not be in the middle of writing.
        async with self.saver.lock:
            await self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def thread_key(user_id: str, thread_id: str) -> str:
    """Return the checkpointer's key; two users' threads of the same name are two threads."""
    return _prefix(user_id) + quote(thread_id, safe="")


def _prefix(user_id: str) -> str:
    return quote(user_id, safe="") + "/"
