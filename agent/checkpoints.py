"""Conversations as the graph resumes them, strict about what is read back.

Knows threads of users as keys. Does not know where they lie (`sqlite_checkpoints`,
`postgres_checkpoints`), nor what is in a state beyond the ids it may mention.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from typing import Any, cast
from urllib.parse import quote

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
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

    async def forget_mentions(self, user_id: str, words: Collection[str]) -> int:
        """Delete the user's conversations whose checkpoints hold one of `words`; return how many.

        A checkpoint cannot be redacted in part, so the whole thread goes: the assistant no longer
        knows what was spoken of last there.
        """
        named = re.compile("|".join(rf"(?<!\w){re.escape(w)}(?!\w)" for w in words), re.IGNORECASE)
        num_forgotten = 0
        for key in await self._keys(_prefix(user_id)):
            if await self._mentions(key, named):
                await self.saver.adelete_thread(key)
                num_forgotten += 1
        await self._empty_log()
        return num_forgotten

    @abstractmethod
    async def close(self) -> None:
        """Close them."""

    @abstractmethod
    async def _keys(self, prefix: str) -> list[str]:
        """Return the keys of threads that begin with `prefix`."""

    @abstractmethod
    async def _empty_log(self) -> None:
        """Leave as little as can be of what was deleted."""

    async def _mentions(self, key: str, named: re.Pattern[str]) -> bool:
        config = RunnableConfig(configurable={"thread_id": key})
        # Left half read, it would keep the saver to itself until it is collected.
        found = cast("AsyncGenerator[CheckpointTuple, None]", self.saver.alist(config))
        async with aclosing(found) as kept:
            async for saved in kept:
                text = repr((saved.checkpoint["channel_values"], saved.pending_writes))
                if named.search(text):
                    return True
        return False


def strict_serializer() -> JsonPlusSerializer:
    """Return what reads plain values alone; nothing that is kept can run code."""
    return JsonPlusSerializer(pickle_fallback=False, allowed_msgpack_modules=None)


def thread_key(user_id: str, thread_id: str) -> str:
    """Return the checkpointer's key; two users' threads of the same name are two threads."""
    return _prefix(user_id) + quote(thread_id, safe="")


def _prefix(user_id: str) -> str:
    return quote(user_id, safe="") + "/"
