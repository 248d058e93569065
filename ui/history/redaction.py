"""Taking a forgotten concept out of what the page showed.

Knows that the frame keeps messages in tasks of its own, so that this has to wait for them.
"""

import asyncio
from collections.abc import Collection
from typing import Final

from omnipersona.ui.assistant import assistant

_AFTER_LAST_WORDS: Final = 1.0
_tasks: set[asyncio.Task[None]] = set()


def redact_soon(user_id: str, names: Collection[str]) -> None:
    """Take names out of a user's conversations once the current turn's messages are kept."""
    task = asyncio.create_task(_redact(user_id, names))
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


async def _redact(user_id: str, names: Collection[str]) -> None:
    await asyncio.sleep(_AFTER_LAST_WORDS)
    await asyncio.to_thread(assistant().history.redact, user_id, names)
