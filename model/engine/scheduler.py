"""One thread per device that runs jobs step by step.

A job is a generator, and between two of its steps the thread looks around: a cancelled job ends,
and text jobs that wait are run whole, those of several callers together (`Joint`). After each of
them a drawing gets at least one step, so that neither waits for all of the other; a lesson gets its
steps where nobody else waits. Tenants take turns within each kind, so that nobody waits for all
that another has asked; drawings that fit together run as one. Knows generators and queues. Does not
know models, or whose a tenant is.
"""

import queue
import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Literal, Protocol, Self, TypeVar, cast, get_args

from omnipersona.model.errors import Cancelled, ModelBusy

_DONE: Final = object()
_BUSY_SECONDS: Final = 2.0

Kind = Literal["text", "drawing", "lesson"]

MAX_TEXTS: Final = 16
"""Text jobs under way at once; more would make each wait for all."""


class Joint(Protocol):
    """An event of a text job that asks for a step which jobs take together, instead of a caller."""

    def run_with(self, others: "Sequence[Any]") -> None:
        """Run the step of this job and of others that asked for the same kind."""


T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class BatchKey(Generic[R, T]):
    """How jobs of equal keys run as one.

    Attributes:
        key: Of what fits together.
        limit: Jobs at most.
        request: This job's part.
        start: Returns a generator that yields, per step, one event for each of the requests.
    """

    key: Hashable
    limit: int
    request: R
    start: Callable[[Sequence[R]], Iterator[Sequence[T]]]


@dataclass(slots=True, eq=False)
class _Job:
    start: Callable[[], Iterator[Any]]
    cancel: threading.Event
    tenant: str
    id: str = ""
    attempt: int = 1
    batch_key: BatchKey[Any, Any] | None = None
    events: "queue.SimpleQueue[Any]" = field(default_factory=queue.SimpleQueue)
    abandoned: bool = False


class _Run:
    """Jobs that run as one, most often a single one.

    Attributes:
        ended: Jobs that need no more steps.
        is_over: No further step will follow; jobs that have not ended must run anew, alone.
    """

    def __init__(self, jobs: Sequence[_Job]) -> None:
        self.ended: list[_Job] = []
        self.is_over = False
        self._jobs = tuple(jobs)
        self._steps = self._together() if len(jobs) > 1 else self._alone()
        self._has_begun = False

    def step(self) -> None:
        """Run one step and hand out what came of it."""
        for job in self._going():
            if job.abandoned or job.cancel.is_set():
                self._end(job, Cancelled("Stopped."))
        going = self._going()
        if not going:
            self._steps.close()  # type: ignore[attr-defined]  # both are generators
            self.is_over = True
            return
        try:
            events = dict(zip(self._jobs, next(self._steps), strict=True))
        except StopIteration:
            self._finish(going, _DONE)
        except Exception as error:  # noqa: BLE001  (handed to the caller's thread, which raises it)
            if len(self._jobs) > 1 and not self._has_begun:
                self._part(going)
            else:
                self._finish(going, error)
        else:
            self._has_begun = True
            for job in going:
                job.events.put(events[job])

    def _going(self) -> list[_Job]:
        return [job for job in self._jobs if job not in self.ended]

    def _end(self, job: _Job, last: object) -> None:
        job.events.put(last)
        self.ended.append(job)

    def _finish(self, jobs: Sequence[_Job], last: object) -> None:
        for job in jobs:
            self._end(job, last)
        self.is_over = True

    def _part(self, jobs: Sequence[_Job]) -> None:
        """Let each job run alone: the fault of one is not the others'."""
        for job in jobs:
            job.batch_key = None
            job.attempt += 1
        self.is_over = True

    def _alone(self) -> Iterator[Sequence[Any]]:
        for event in self._jobs[0].start():
            yield [event]

    def _together(self) -> Iterator[Sequence[Any]]:
        batch_keys = [job.batch_key for job in self._jobs if job.batch_key is not None]
        yield from batch_keys[0].start([one.request for one in batch_keys])


class JobEvents(Generic[T]):
    """What a caller iterates; dropping it, even before its first event, abandons the job."""

    def __init__(self, job: _Job) -> None:
        self._job = job

    @property
    def attempt(self) -> int:
        """Which try the last event came from, counted from 1."""
        return self._job.attempt

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        if self._job.abandoned:
            raise StopIteration
        event = self._job.events.get()
        if isinstance(event, BaseException):
            self._job.abandoned = True
            raise event
        if event is _DONE:
            self._job.abandoned = True
            raise StopIteration
        return cast("T", event)

    def close(self) -> None:
        """Abandon the job."""
        self._job.abandoned = True

    def __del__(self) -> None:
        self.close()


class _FairQueue:
    """Jobs of one kind; the tenant served longest ago is next, and of its jobs the first."""

    def __init__(self) -> None:
        self._waiting: deque[_Job] = deque()
        self._served: dict[str, int] = {}
        self._count = 0
        self._current: _Run | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[_Job]:
        return iter(self._waiting)

    def put(self, job: _Job) -> None:
        """Let a job wait."""
        self._waiting.append(job)

    def front(self) -> _Run:
        """Return the run whose turn it is: the one that has begun, else the next."""
        if self._current is None:
            in_turn = sorted(self._waiting, key=lambda job: self._served.get(job.tenant, -1))
            jobs = _fitting(in_turn)
            for job in jobs:
                self._note_served(job)
            self._current = _Run(jobs)
        return self._current

    def take(self, count: int) -> list[_Job]:
        """Return the next jobs and let them wait no more."""
        taken = []
        for _ in range(min(count, len(self._waiting))):
            job = min(self._waiting, key=lambda one: self._served.get(one.tenant, -1))
            self._note_served(job)
            self._waiting.remove(job)
            taken.append(job)
        if not self._waiting:
            self._served.clear()
        return taken

    def _note_served(self, job: _Job) -> None:
        self._count += 1
        self._served[job.tenant] = self._count

    def settle(self, run: _Run) -> None:
        """Take out the jobs of a run that have ended; tenants without jobs are forgotten."""
        ended = set(map(id, run.ended))
        tenants = {one.tenant for one in self._waiting}
        self._waiting = deque(one for one in self._waiting if id(one) not in ended)
        if run.is_over:
            self._current = None
            self._served = {tenant: at for tenant, at in self._served.items() if tenant in tenants}


@dataclass(slots=True, eq=False)
class _Text:
    """A text job under way, and the joint step that it waits for."""

    job: _Job
    steps: Iterator[Any]
    joint: Joint | None = None


class _Texts:
    """The text jobs that are under way together.

    Args:
        queue: Those that wait.
    """

    def __init__(self, queue: _FairQueue) -> None:
        self._queue = queue
        self._under_way: list[_Text] = []

    def __bool__(self) -> bool:
        return bool(self._under_way or self._queue)

    def __iter__(self) -> Iterator[_Job]:
        return iter([text.job for text in self._under_way])

    def take_in(self) -> None:
        """Let waiting jobs join."""
        free = MAX_TEXTS - len(self._under_way)
        self._under_way += [_Text(job, job.start()) for job in self._queue.take(free)]

    def advance(self) -> bool:
        """Take every job to its next joint step and run that of all; return early if one ends."""
        before = len(self._under_way)
        for text in tuple(self._under_way):
            while text.joint is None and len(self._under_way) == before:
                self._step(text)
            if len(self._under_way) < before:
                return True
        self._run_joint(tuple(self._under_way))
        return len(self._under_way) < before

    def _step(self, text: _Text, error: Exception | None = None) -> None:
        """Run a job to its next event; hand it out, or keep what it asks for."""
        job, steps = text.job, text.steps
        if job.abandoned or job.cancel.is_set():
            steps.close()  # type: ignore[attr-defined]  # a generator
            self._end(text, Cancelled("Stopped."))
            return
        try:
            event = steps.throw(error) if error else next(steps)  # type: ignore[attr-defined]  # the same
        except StopIteration:
            self._end(text, _DONE)
        except Exception as raised:  # noqa: BLE001  (handed to the caller's thread, which raises it)
            self._end(text, raised)
        else:
            if hasattr(event, "run_with"):
                text.joint = event
            else:
                job.events.put(event)

    def _run_joint(self, texts: Sequence[_Text]) -> None:
        first, *others = [text.joint for text in texts]
        assert first is not None, "every job under way waits for a joint step"
        try:
            first.run_with(others)
        except Exception as error:  # noqa: BLE001  (the job whose step it is hears of it)
            if others:
                # The fault of one is not the others'.
                for text in texts:
                    self._run_joint([text])
                return
            texts[0].joint = None
            self._step(texts[0], error)
        else:
            for text in texts:
                text.joint = None

    def _end(self, text: _Text, last: object) -> None:
        text.job.events.put(last)
        self._under_way.remove(text)


def _fitting(in_turn: Sequence[_Job]) -> list[_Job]:
    """Return the first job and those that can run with it."""
    first, *others = in_turn
    batch_key = first.batch_key
    if batch_key is None:
        return [first]
    same = [
        job for job in others if job.batch_key is not None and job.batch_key.key == batch_key.key
    ]
    return [first, *same[: batch_key.limit - 1]]


class Scheduler:
    """Runs jobs one step at a time, tenants in turns within each kind.

    Args:
        name: Of the thread.
        limit: Jobs that may wait before `ModelBusy`; far more than turns are admitted at once.
    """

    def __init__(self, name: str, limit: int = 1024) -> None:
        self._limit = limit
        self._queues: dict[Kind, _FairQueue] = {kind: _FairQueue() for kind in get_args(Kind)}
        self._texts = _Texts(self._queues["text"])
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def run(
        self,
        start: Callable[[], Iterator[T]],
        cancel: threading.Event | None = None,
        *,
        request_id: str = "",
        kind: Kind = "drawing",
        tenant: str = "",
        batch_key: BatchKey[Any, T] | None = None,
    ) -> JobEvents[T]:
        """Queue a job and yield its events as they come; leaving early cancels it.

        Args:
            start: Returns the job's generator; called on the worker's thread at the first step.
            cancel: Ends the job with `Cancelled` before its next step.
            request_id: Names the job for `cancel`.
            kind: How it gives way to others.
            tenant: Jobs of one tenant wait for each other; tenants take turns.
            batch_key: How it can run as one with others; None runs it alone.

        Raises:
            ModelBusy: Too many jobs wait, or the worker is closed.
            Cancelled: `cancel` was set.
        """
        job = _Job(start, cancel or threading.Event(), tenant, request_id, batch_key=batch_key)
        with self._changed:
            waiting = sum(map(len, self._queues.values()))
            if self._closed or waiting >= self._limit:
                reason = "is closed" if self._closed else f"has {waiting} jobs waiting"
                raise ModelBusy(
                    f"The model {reason}. Try again in a moment.", retry_after=_BUSY_SECONDS
                )
            self._queues[kind].put(job)
            self._changed.notify()
        return JobEvents(job)

    def cancel(self, request_id: str) -> bool:
        """End the job of a request before its next step; return whether there was one."""
        with self._changed:
            jobs = [j for j in self._waiting() if j.id == request_id != "" and not j.abandoned]
            for job in jobs:
                job.cancel.set()
        return bool(jobs)

    def close(self) -> None:
        """Let the running step finish, end all jobs with `Cancelled` and stop the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(timeout=60.0)

    def _waiting(self) -> Iterator[_Job]:
        yield from self._texts
        for waiting in self._queues.values():
            yield from waiting

    def _run(self) -> None:
        drawings, lessons = self._queues["drawing"], self._queues["lesson"]
        while self._has_work():
            has_ended = not self._texts
            while self._texts and not (has_ended or self._closed):
                with self._changed:
                    self._texts.take_in()
                has_ended = self._texts.advance()
            if drawings:
                self._step(drawings)
            elif lessons and not self._texts:
                self._step(lessons)

    def _has_work(self) -> bool:
        """Wait for a job; end all of them where the scheduler was closed."""
        with self._changed:
            while not (self._texts or any(self._queues.values()) or self._closed):
                self._changed.wait()
            if self._closed:
                for job in self._waiting():
                    job.events.put(Cancelled("The model was closed."))
            return not self._closed

    def _step(self, queue: _FairQueue) -> None:
        """Run one step of whose turn it is."""
        with self._changed:
            run = queue.front()
        run.step()
        with self._changed:
            queue.settle(run)
