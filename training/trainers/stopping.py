"""A polite end: SIGTERM and SIGINT ask a run to save its state and stop.

Knows signals and the processes that they are passed on to. Does not know what runs.
"""

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

_asked = threading.Event()


@contextmanager
def heeding_signals(others: Sequence[int] = ()) -> Iterator[None]:
    """Meanwhile both signals only set a flag, and are passed on to other processes."""

    def heed(number: int, _frame: FrameType | None) -> None:
        _asked.set()
        for pid in others:
            os.kill(pid, number)

    before = {number: signal.signal(number, heed) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _asked.clear()


def is_asked_to_stop() -> bool:
    """Whether one of the signals came."""
    return _asked.is_set()
