"""What conversations still say of forgotten things, and taking it out of them.

The memory notes in one transaction what it forgets and what to look for; the note goes when no
conversation can hold it any more, so that a crash leaves the work to the next start. Knows
checkpoints and history. Does not know why something was forgotten.
"""

import asyncio
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from omnipersona.agent.checkpoints import Checkpoints
from omnipersona.agent.history.store import History
from omnipersona.memory.memory import Memory

if TYPE_CHECKING:
    from omnipersona.agent.settings import Settings

logger = logging.getLogger(__name__)


class Traces:
    """The conversations of all users, as far as forgetting is concerned; made in a running loop."""

    def __init__(self, settings: "Settings", memory: Memory, checkpoints: Checkpoints) -> None:
        self._settings = settings
        self._memory = memory
        self._checkpoints = checkpoints
        self._history: History | None = None
        self._opening = threading.Lock()
        self._loop = asyncio.get_running_loop()
        self._clearing = asyncio.Lock()
        self._tasks = set[asyncio.Task[None]]()
        self._writers = dict[object, str]()
        self._waits = dict[int, set[object]]()

    def history(self) -> History:
        """Return what was shown, opened at the first call.

        Raises: StorageFailed: it cannot be opened.
        """
        with self._opening:
            if self._history is None:
                self._history = History.open(self._settings)
            return self._history

    @contextmanager
    def writing(self, user_id: str) -> Iterator[None]:
        """Say that words of a user's turn may still be on their way into a conversation.

        What is forgotten meanwhile is taken out again when the last of them has arrived.
        """
        writer = object()
        self._writers[writer] = user_id
        try:
            yield
        finally:
            self._writers.pop(writer, None)
            if any(writer in writers for writers in self._waits.values()):
                self._start()

    def clear_soon(self) -> None:
        """Take out what was forgotten, as soon as the loop is free; may be called in any thread."""
        self._loop.call_soon_threadsafe(self._start)

    async def clear(self) -> None:
        """Take what was forgotten out of every conversation.

        Raises: StorageFailed: a conversation cannot be written; it is left to the next time.
        """
        async with self._clearing:
            for mention in await asyncio.to_thread(self._memory.mentions.list):
                present = {w for w, user in self._writers.items() if user == mention.user_id}
                waits = self._waits.setdefault(mention.number, present)
                # Asked first: a writer may end while the rest of this happens.
                is_last_time = waits.isdisjoint(self._writers)
                await self._checkpoints.forget_mentions(mention.user_id, mention.words)
                if mention.name:
                    await asyncio.to_thread(self._redact, mention.user_id, mention.name)
                if is_last_time:
                    await asyncio.to_thread(self._memory.mentions.delete, mention)
                    del self._waits[mention.number]

    async def close(self) -> None:
        """Finish, and close the history; nobody writes any more."""
        await asyncio.gather(*self._tasks)
        self._writers.clear()
        await self._clear_or_log()
        if self._history is not None:
            await asyncio.to_thread(self._history.close)

    def _redact(self, user_id: str, name: str) -> None:
        self.history().redact(user_id, [name])

    def _start(self) -> None:
        task = self._loop.create_task(self._clear_or_log())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _clear_or_log(self) -> None:
        try:
            await self.clear()
        except Exception:
            logger.exception("what was forgotten is still named in conversations")
