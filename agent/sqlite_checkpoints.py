"""Conversations in one SQLite file of the data folder.

Knows the file. Does not know what is in it.
"""

from pathlib import Path
from typing import Final, Self

import aiosqlite
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from omnipersona.agent.checkpoints import Checkpoints, strict_serializer, thread_key

CHECKPOINTS_FILE: Final = "graph.sqlite3"

_OLDER: Final = (
    "DELETE FROM {table} WHERE thread_id = ? AND checkpoint_id < (SELECT MAX(checkpoint_id)"
    " FROM checkpoints AS newest WHERE newest.thread_id = {table}.thread_id"
    " AND newest.checkpoint_ns = {table}.checkpoint_ns)"
)


class SqliteCheckpoints(Checkpoints):
    """The open checkpoint file of a data folder."""

    saver: AsyncSqliteSaver

    def __init__(self, connection: aiosqlite.Connection, saver: AsyncSqliteSaver) -> None:
        self._connection = connection
        self.saver = saver

    @classmethod
    async def open(cls, data_dir: Path) -> Self:
        """Open the file, making it if it is missing."""
        connection = await aiosqlite.connect(data_dir / CHECKPOINTS_FILE)
        # Without it deleted words would stay readable in free pages.
        await connection.execute("PRAGMA secure_delete = ON")
        saver = AsyncSqliteSaver(connection, serde=strict_serializer())
        await saver.setup()
        return cls(connection, saver)

    async def keep_newest(self, user_id: str, thread_id: str) -> None:
        """Delete all but the newest checkpoint of a conversation."""
        key = thread_key(user_id, thread_id)
        # Another turn of the same connection must not be in the middle of writing.
        async with self.saver.lock:
            for table in ("writes", "checkpoints"):
                await self._connection.execute(_OLDER.format(table=table), (key,))
            await self._connection.commit()

    async def close(self) -> None:
        """Close the file."""
        await self._connection.close()

    async def _keys(self, prefix: str) -> list[str]:
        rows = await self._connection.execute_fetchall(
            "SELECT DISTINCT thread_id FROM checkpoints WHERE substr(thread_id, 1, ?) = ?",
            (len(prefix), prefix),
        )
        return [key for (key,) in rows]

    async def _empty_log(self) -> None:
        # Another turn of the same connection must not be in the middle of writing.
        async with self.saver.lock:
            await self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
