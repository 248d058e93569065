"""Conversations in a schema of their own of the memory's database in PostgreSQL.

Knows the tables of LangGraph's checkpointer, and that its connection may be lost: the next request
makes a new one. Does not know what is in a state. What a server keeps of deleted rows is said in
`omnipersona.store.postgres`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Self

import psycopg
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg.rows import DictRow, dict_row

from omnipersona.agent.checkpoints import Checkpoints, strict_serializer, thread_key
from omnipersona.store.postgres import CONNECTION, Address, has_ended

SCHEMA: Final = "omnipersona_graph"

Connection = psycopg.AsyncConnection[DictRow]


class LastingSaver(AsyncPostgresSaver):
    """LangGraph's checkpointer over a connection that is made again; its failures are sentences."""

    conn: Connection

    def __init__(self, connection: Connection, address: Address) -> None:
        super().__init__(connection, serde=strict_serializer())
        self._address = address
        self._turns = asyncio.Lock()

    @asynccontextmanager
    async def _cursor(
        self, *, pipeline: bool = False
    ) -> AsyncIterator[psycopg.AsyncCursor[DictRow]]:
        async with self._turns:
            if has_ended(self.conn):
                self.conn = await _connect(self._address)
            try:
                async with super()._cursor(pipeline=pipeline) as cursor:
                    yield cursor
            except psycopg.Error as error:
                raise self._address.failed(error) from error


class PostgresCheckpoints(Checkpoints):
    """The open checkpoints."""

    saver: LastingSaver

    def __init__(self, saver: LastingSaver) -> None:
        self.saver = saver

    @classmethod
    async def open(cls, url: str) -> Self:
        """Open the tables, making them if they are missing.

        Raises: StorageFailed: the server does not answer or refuses.
        """
        address = Address(url)
        opened = cls(LastingSaver(await _connect(address), address))
        try:
            await opened.saver.setup()
        except BaseException:
            await opened.close()
            raise
        return opened

    async def keep_newest(self, user_id: str, thread_id: str) -> None:
        """Delete all but the newest checkpoint of a conversation."""
        await self.saver.aprune([thread_key(user_id, thread_id)])

    async def close(self) -> None:
        """Close the connection."""
        await self.saver.conn.close()

    async def _keys(self, prefix: str) -> list[str]:
        async with self.saver._cursor() as cursor:
            await cursor.execute(
                "SELECT DISTINCT thread_id FROM checkpoints WHERE substr(thread_id, 1, %s) = %s",
                (len(prefix), prefix),
            )
            return [row["thread_id"] for row in await cursor.fetchall()]

    async def _empty_log(self) -> None:
        async with self.saver._cursor() as cursor:
            await cursor.execute("VACUUM checkpoints, checkpoint_blobs, checkpoint_writes")


async def _connect(address: Address) -> Connection:
    try:
        connection: Connection = await psycopg.AsyncConnection.connect(
            address.url,
            prepare_threshold=None,
            autocommit=True,
            row_factory=dict_row,
            **CONNECTION,
        )
        try:
            await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            await connection.execute(f"SET search_path = {SCHEMA}")
        except BaseException:
            await connection.close()
            raise
    except psycopg.Error as error:
        raise address.unreachable(error) from error
    return connection
