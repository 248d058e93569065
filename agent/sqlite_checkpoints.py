"""Conversations in one SQLite file of the data folder.

Knows the file. Does not know what is in it.
"""

from pathlib import Path
from typing import Final, Self

import aiosqlite
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from omnipersona.agent.checkpoints import Checkpoints, strict_serializer

CHECKPOINTS_FILE: Final = "conversations.sqlite3"


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
