"""Calls off the event loop: nobody waits for a thread, and leaving sets the cancel event."""

import asyncio
import threading

import pytest

from omnipersona.tools.threads import in_worker

_WAITING_FOR_THE_MODEL = 32


async def test_as_many_calls_run_at_once_as_may_wait_for_the_model() -> None:
    together = threading.Barrier(_WAITING_FOR_THE_MODEL + 1, timeout=20.0)
    calls = [in_worker(lambda _: together.wait()) for _ in range(together.parties)]
    assert sorted(await asyncio.gather(*calls)) == list(range(together.parties))


async def test_leaving_a_call_sets_its_cancel_event() -> None:
    begun, seen = threading.Event(), threading.Event()

    def work(cancel: threading.Event) -> None:
        begun.set()
        if cancel.wait(20.0):
            seen.set()

    task = asyncio.create_task(in_worker(work))
    await asyncio.to_thread(begun.wait, 20.0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(seen.wait, 20.0)
