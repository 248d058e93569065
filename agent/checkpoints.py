"""Conversations as the graph resumes them: ids alone, strict about what is read back.

Words are not in a state (`agent.state`), so nothing in here has to be looked for when something is
forgotten; of each conversation the newest state is kept. Knows threads of users as keys. Does not
know where they lie (`sqlite_checkpoints`, `postgres_checkpoints`).
"""

from abc import ABC, abstractmethod
from typing import Any
from urllib.parse import quote

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer


class Checkpoints(ABC):
    """The open checkpoints of all users.

    Attributes:
        saver: What the graph reads and writes.
    """

    saver: BaseCheckpointSaver[Any]

    async def forget_thread(self, user_id: str, thread_id: str) -> None:
        """Delete a conversation's checkpoints."""
        await self.saver.adelete_thread(thread_key(user_id, thread_id))
        await self._empty_log()

    async def forget_user(self, user_id: str) -> None:
        """Delete the checkpoints of all conversations of a user."""
        for key in await self._keys(_prefix(user_id)):
            await self.saver.adelete_thread(key)
        await self._empty_log()

    @abstractmethod
    async def keep_newest(self, user_id: str, thread_id: str) -> None:
        """Delete all but the newest checkpoint of a conversation."""

    @abstractmethod
    async def close(self) -> None:
        """Close them."""

    @abstractmethod
    async def _keys(self, prefix: str) -> list[str]:
        """Return the keys of threads that begin with `prefix`."""

    @abstractmethod
    async def _empty_log(self) -> None:
        """Leave as little as can be of what was deleted."""


def strict_serializer() -> JsonPlusSerializer:
    """Return what reads plain values alone; nothing that is kept can run code."""
    return JsonPlusSerializer(pickle_fallback=False, allowed_msgpack_modules=None)


def thread_key(user_id: str, thread_id: str) -> str:
    """Return the checkpointer's key; two users' threads of the same name are two threads."""
    return _prefix(user_id) + quote(thread_id, safe="")


def _prefix(user_id: str) -> str:
    return quote(user_id, safe="") + "/"
