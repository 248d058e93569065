"""One thread per device that runs jobs step by step.

A job is a generator; between two of its steps the thread looks around: a cancelled job ends, and
background jobs (learning) give way to foreground ones (answers, drawings). Knows generators and
queues. Does not know models.
"""

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Self, TypeVar

from omnipersona.model.errors import Cancelled, ModelBusy

_DONE: Final = object()

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Job:
    steps: Iterator[Any]
    cancel: threading.Event
    background: bool
    events: "queue.SimpleQueue[Any]" = field(default_factory=queue.SimpleQueue)
    abandoned: bool = False


class _Events:
    """What a caller iterates; dropping it, even before its first event, abandons the job."""

    def __init__(self, job: _Job) -> None:
        self._job = job

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        if self._job.abandoned:
            raise StopIteration
        event = self._job.events.get()
        if isinstance(event, BaseException):
            self._job.abandoned = True
            raise event
        if event is _DONE:
            self._job.abandoned = True
            raise StopIteration
        return event

    def close(self) -> None:
        """Abandon the job."""
        self._job.abandoned = True

    def __del__(self) -> None:
        self.close()


class Worker:
    """Runs jobs one step at a time, first come first served within each of the two classes.

    Args:
        name: Of the thread.
        limit: Jobs that may wait before `ModelBusy`.
    """

    def __init__(self, name: str, limit: int = 32) -> None:
        self._limit = limit
        self._foreground: deque[_Job] = deque()
        self._background: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def run(
        self,
        start: Callable[[], Iterator[T]],
        cancel: threading.Event | None = None,
        *,
        background: bool = False,
    ) -> Iterator[T]:
        """Queue a job and yield its events as they come; leaving early cancels it.

        Args:
            start: Returns the job's generator; called on the worker's thread at the first step.
            cancel: Ends the job with `Cancelled` before its next step.
            background: Whether the job gives way to foreground jobs.

        Raises:
            ModelBusy: Too many jobs wait, or the worker is closed.
            Cancelled: `cancel` was set.
        """
        job = _Job(_deferred(start), cancel or threading.Event(), background)
        with self._changed:
            waiting = len(self._foreground) + len(self._background)
            if self._closed or waiting >= self._limit:
                reason = "is closed" if self._closed else f"has {waiting} jobs waiting"
                raise ModelBusy(f"The model {reason}. Try again in a moment.")
            (self._background if background else self._foreground).append(job)
            self._changed.notify()
        return _Events(job)

    def close(self) -> None:
        """Let the running step finish, end all jobs with `Cancelled` and stop the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(timeout=60.0)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not (self._foreground or self._background or self._closed):
                    self._changed.wait()
                if self._closed:
                    for job in (*self._foreground, *self._background):
                        job.events.put(Cancelled("The model was closed."))
                    return
                line = self._foreground or self._background
                job = line[0]
            if not _step(job):
                with self._changed:
                    line.remove(job)


def _deferred(start: Callable[[], Iterator[T]]) -> Iterator[T]:
    yield from start()


def _step(job: _Job) -> bool:
    """Run one step; return whether the job goes on."""
    if job.abandoned or job.cancel.is_set():
        job.steps.close()  # type: ignore[attr-defined]  # every job's steps are a generator
        job.events.put(Cancelled("Stopped."))
        return False
    try:
        job.events.put(next(job.steps))
    except StopIteration:
        job.events.put(_DONE)
        return False
    except Exception as error:  # noqa: BLE001  (handed to the caller's thread, which raises it)
        job.events.put(error)
        return False
    return True
