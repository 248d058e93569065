"""Blocking calls of model and memory, off the event loop and cancellable.

Knows threads and cancel events. Does not know what the calls do.
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

T = TypeVar("T")

# More than may wait for the model, so that its line, and not this pool, decides whose turn it is.
_POOL: Final = ThreadPoolExecutor(max_workers=64, thread_name_prefix="turn")


async def in_worker(call: Callable[[threading.Event], T]) -> T:
    """Run `call` in a thread and return its result.

    When the task around this is cancelled, the event given to `call` is set: a thread cannot be
    stopped from outside, so the work inside has to look at it between two steps.
    """
    cancel, context = threading.Event(), contextvars.copy_context()
    loop = asyncio.get_running_loop()
    try:
        return await loop.run_in_executor(_POOL, context.run, call, cancel)
    except asyncio.CancelledError:
        cancel.set()
        raise
