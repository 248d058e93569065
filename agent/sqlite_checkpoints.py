"""Conversations in one SQLite file of the data folder.

Knows the file. Does not know what is in it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

import aiosqlite
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from omnipersona.agent.checkpoints import Checkpoints, strict_serializer, thread_key
from omnipersona.store.database import is_full, own_file
from omnipersona.store.errors import StorageFailed

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
        """Open the file, making it if it is missing.

        Raises: StorageFailed: it is damaged, or the disk refuses.
        """
        path = data_dir / CHECKPOINTS_FILE
        own_file(path)
        connection = await aiosqlite.connect(path)
        try:
            # Without it deleted ids would stay readable in free pages.
            await connection.execute("PRAGMA secure_delete = ON")
            saver = AsyncSqliteSaver(connection, serde=strict_serializer())
            await saver.setup()
        except aiosqlite.Error as error:
            # Its thread would keep the program from ending.
            await connection.close()
            raise StorageFailed(
                f"The file {path} cannot be used: {error}. It holds no words: if it is damaged, "
                "move it away, and conversations go on from what was said."
            ) from error
        return cls(connection, saver)

    async def forget_thread(self, user_id: str, thread_id: str) -> None:
        """Delete a conversation's checkpoints.

        Raises: StorageFailed: the disk refuses.
        """
        with _told():
            await super().forget_thread(user_id, thread_id)

    async def forget_user(self, user_id: str) -> None:
        """Delete the checkpoints of all conversations of a user.

        Raises: StorageFailed: the disk refuses.
        """
        with _told():
            await super().forget_user(user_id)

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


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except aiosqlite.Error as error:
        raise StorageFailed(
            f"What was said is gone, but not all that belonged to it: {error}. Free some space or "
            "make the data folder writable, and delete it again.",
            is_full=is_full(error),
        ) from error
