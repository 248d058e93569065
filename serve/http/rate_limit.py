"""How many requests one caller may make: a bucket per caller that fills again steadily."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


# Ours: `limits` counts windows, none of which fills steadily, and keeps a thread to empty them.
class RateLimit:
    """Requests per minute of every caller; a whole minute's worth may come at once."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with full buckets; `clock` gives seconds."""
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def wait(self, caller: str) -> float:
        """Take one request of a caller.

        Returns: 0 if it may be served, else the seconds until the next one may.
        """
        now = self._clock()
        bucket = self._buckets.setdefault(caller, _Bucket(self._per_minute, now))
        per_second = self._per_minute / 60
        bucket.left = min(self._per_minute, bucket.left + (now - bucket.at) * per_second)
        bucket.at = now
        if bucket.left < 1:
            return (1 - bucket.left) / per_second
        bucket.left -= 1
        return 0.0
