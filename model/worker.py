"""One thread per device that runs jobs step by step.

A job is a generator; between two of its steps the thread looks around: a cancelled job ends, and
background jobs (learning) give way to foreground ones (answers, drawings). Callers stand in lanes
that take turns, so that nobody waits for all that another has asked. Knows generators and queues.
Does not know models, or whose a lane is.
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
    lane: str
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


class _Line:
    """Jobs of one class; the lane that was served longest ago is next, within it who came first."""

    def __init__(self) -> None:
        self._waiting: deque[_Job] = deque()
        self._served: dict[str, int] = {}
        self._count = 0
        self._current: _Job | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[_Job]:
        return iter(self._waiting)

    def put(self, job: _Job) -> None:
        """Let a job wait."""
        self._waiting.append(job)

    def front(self) -> _Job:
        """Return the job whose turn it is: the one that has begun, else the next."""
        if self._current is None:
            self._current = min(self._waiting, key=lambda job: self._served.get(job.lane, -1))
            self._count += 1
            self._served[self._current.lane] = self._count
        return self._current

    def remove(self, job: _Job) -> None:
        """Take out a job that has ended; lanes without jobs are forgotten."""
        self._waiting.remove(job)
        if self._current is job:
            self._current = None
        lanes = {one.lane for one in self._waiting} | {job.lane}
        self._served = {lane: at for lane, at in self._served.items() if lane in lanes}


class Worker:
    """Runs jobs one step at a time, lanes in turns within each of the two classes.

    Args:
        name: Of the thread.
        limit: Jobs that may wait before `ModelBusy`.
    """

    def __init__(self, name: str, limit: int = 32) -> None:
        self._limit = limit
        self._foreground = _Line()
        self._background = _Line()
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
        lane: str = "",
    ) -> Iterator[T]:
        """Queue a job and yield its events as they come; leaving early cancels it.

        Args:
            start: Returns the job's generator; called on the worker's thread at the first step.
            cancel: Ends the job with `Cancelled` before its next step.
            background: Whether the job gives way to foreground jobs.
            lane: Jobs of one lane wait for each other; lanes take turns.

        Raises:
            ModelBusy: Too many jobs wait, or the worker is closed.
            Cancelled: `cancel` was set.
        """
        job = _Job(_deferred(start), cancel or threading.Event(), lane)
        with self._changed:
            waiting = len(self._foreground) + len(self._background)
            if self._closed or waiting >= self._limit:
                reason = "is closed" if self._closed else f"has {waiting} jobs waiting"
                raise ModelBusy(f"The model {reason}. Try again in a moment.")
            (self._background if background else self._foreground).put(job)
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
                job = line.front()
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
