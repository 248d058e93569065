"""One thread for all jobs: fair, cancellable, and alive after every fault."""

import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import count

import pytest

from omnipersona.model.engine.scheduler import BatchKey, JobEvents, Scheduler
from omnipersona.model.errors import Cancelled, ModelBusy

WAIT = 10.0


@pytest.fixture
def worker() -> Iterator[Scheduler]:
    one = Scheduler("test", limit=3)
    yield one
    one.close()


def _count(to: int) -> Iterator[int]:
    yield from range(to)


class _Steps:
    """Endless steps, each let through by the test; remembers how many were begun."""

    def __init__(self) -> None:
        self.begun = 0
        self.ended = threading.Event()
        self._gate = threading.Semaphore(0)

    def let(self, count: int = 1) -> None:
        self._gate.release(count)

    def __call__(self) -> Iterator[int]:
        try:
            while True:
                self.begun += 1
                assert self._gate.acquire(timeout=WAIT), "the test forgot a step"
                yield self.begun
        finally:
            self.ended.set()


def test_a_job_yields_its_events_in_order(worker: Scheduler) -> None:
    assert list(worker.run(lambda: _count(5))) == [0, 1, 2, 3, 4]


def test_a_job_runs_on_the_workers_thread(worker: Scheduler) -> None:
    def name() -> Iterator[str]:
        yield threading.current_thread().name

    assert list(worker.run(name)) == ["test"]


def test_cancel_stops_before_the_next_step(worker: Scheduler) -> None:
    steps, cancel = _Steps(), threading.Event()
    events = worker.run(steps, cancel)
    steps.let()
    assert next(events) == 1
    cancel.set()
    steps.let()
    with pytest.raises(Cancelled):
        list(events)
    assert steps.ended.wait(WAIT)
    assert steps.begun <= 2
    assert list(worker.run(lambda: _count(1))) == [0]


def test_a_job_cancelled_before_it_starts_never_starts(worker: Scheduler) -> None:
    steps, cancel = _Steps(), threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        list(worker.run(steps, cancel))
    assert steps.begun == 0


def test_a_lesson_gives_way_and_then_goes_on(worker: Scheduler) -> None:
    order: list[str] = []
    started, go = threading.Event(), threading.Event()

    def background() -> Iterator[int]:
        for i in range(3):
            started.set()
            assert go.wait(WAIT)
            order.append("background")
            yield i

    def foreground() -> Iterator[int]:
        for i in range(3):
            order.append("foreground")
            yield i

    slow = worker.run(background, kind="lesson")
    assert started.wait(WAIT)
    fast = worker.run(foreground)
    go.set()
    assert list(fast) == list(slow) == [0, 1, 2]
    assert order == ["background", *["foreground"] * 3, *["background"] * 2]


def test_an_abandoned_iterator_frees_the_worker(worker: Scheduler) -> None:
    steps = _Steps()
    events = worker.run(steps)
    steps.let(2)
    assert next(events) == 1
    events.close()
    steps.let(3)
    assert steps.ended.wait(WAIT)
    assert list(worker.run(lambda: _count(2))) == [0, 1]


def test_an_error_reaches_the_caller_and_the_next_job_works(worker: Scheduler) -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError("step two")

    events = worker.run(broken)
    assert next(events) == 1
    with pytest.raises(ZeroDivisionError, match="step two"):
        next(events)
    assert list(worker.run(lambda: _count(1))) == [0]


def test_an_error_before_the_first_step_reaches_the_caller(worker: Scheduler) -> None:
    def refuse() -> Iterator[int]:
        raise ValueError("no steps")

    with pytest.raises(ValueError, match="no steps"):
        list(worker.run(refuse))


def test_a_full_queue_is_busy_and_frees_up(worker: Scheduler) -> None:
    steps, cancel = _Steps(), threading.Event()
    jobs = [worker.run(steps, cancel) for _ in range(3)]
    with pytest.raises(ModelBusy, match="3 jobs"):
        worker.run(lambda: _count(1))
    cancel.set()
    steps.let(9)
    for job in jobs:
        with pytest.raises(Cancelled):
            list(job)
    assert list(worker.run(lambda: _count(1))) == [0]


def test_close_ends_every_job_and_refuses_more() -> None:
    worker = Scheduler("closing")
    running, waiting = worker.run(count), worker.run(lambda: _count(3))
    assert next(running) == 0
    worker.close()
    for job in (running, waiting):
        with pytest.raises(Cancelled, match="closed"):
            list(job)
    with pytest.raises(ModelBusy, match="closed"):
        worker.run(lambda: _count(1))
    worker.close()


def test_callers_of_many_threads_each_get_their_own_events() -> None:
    worker = Scheduler("many", limit=64)
    results: dict[int, list[int]] = {}

    def call(i: int) -> None:
        results[i] = [i * 100 + step for step in worker.run(lambda: _count(i))]

    threads = [threading.Thread(target=call, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    worker.close()
    assert results == {i: [i * 100 + step for step in range(i)] for i in range(16)}


def test_tenants_take_turns_whatever_one_has_asked() -> None:
    worker = Scheduler("tenants", limit=64)
    gate = _Steps()
    first = worker.run(gate, tenant="first")
    order: list[str] = []

    def job(name: str) -> Callable[[], Iterator[str]]:
        def steps() -> Iterator[str]:
            order.append(name)
            yield name
            yield name

        return steps

    greedy = [worker.run(job(f"greedy {i}"), tenant="greedy") for i in range(10)]
    others = [worker.run(job(f"user {i}"), tenant=f"user {i}") for i in range(15)]
    first.close()  # abandons the job that held the scheduler
    gate.let(3)
    for events in (*greedy, *others):
        list(events)
    worker.close()
    assert order[0] == "greedy 0"
    assert order[1:16] == [f"user {i}" for i in range(15)]
    assert order[16:] == [f"greedy {i}" for i in range(1, 10)]


def test_a_job_that_has_begun_is_finished_before_the_next_tenant() -> None:
    worker = Scheduler("tenants")
    order: list[str] = []
    started, go = threading.Event(), threading.Event()

    def slow() -> Iterator[int]:
        for i in range(3):
            started.set()
            assert go.wait(WAIT)
            order.append("slow")
            yield i

    def quick() -> Iterator[int]:
        order.append("quick")
        yield 0

    one = worker.run(slow, tenant="a")
    assert started.wait(WAIT)
    two = worker.run(quick, tenant="b")
    go.set()
    assert list(one) == [0, 1, 2]
    assert list(two) == [0]
    worker.close()
    assert order == ["slow", "slow", "slow", "quick"]


def _noting(order: list[str], name: str, count: int) -> Callable[[], Iterator[int]]:
    def steps() -> Iterator[int]:
        for step in range(count):
            order.append(f"{name} {step}")
            yield step

    return steps


def test_a_text_is_run_whole_between_two_steps_of_a_drawing() -> None:
    scheduler = Scheduler("texts")
    order: list[str] = []
    started, go = threading.Event(), threading.Event()

    def drawing() -> Iterator[int]:
        for step in range(4):
            started.set()
            assert go.wait(WAIT)
            order.append(f"drawing {step}")
            yield step

    drawn = scheduler.run(drawing, tenant="ana")
    assert started.wait(WAIT)
    texts = [
        scheduler.run(_noting(order, name, 3), kind="text", tenant=name) for name in ("b", "c")
    ]
    go.set()
    for events in (drawn, *texts):
        list(events)
    scheduler.close()
    b, c = ([f"{name} {step}" for step in range(3)] for name in ("b", "c"))
    assert order == ["drawing 0", *b, "drawing 1", *c, "drawing 2", "drawing 3"]


class _Ask:
    """A joint step; notes who took it together."""

    def __init__(self, name: str, taken: list[list[str]], fault: str = "") -> None:
        self.name, self.taken, self.fault, self.is_done = name, taken, fault, False

    def run_with(self, others: Sequence["_Ask"]) -> None:
        if self.fault in [one.name for one in (self, *others)]:
            raise ValueError(self.fault)
        self.taken.append([one.name for one in (self, *others)])
        for one in (self, *others):
            one.is_done = True


def _asking(
    name: str, count: int, taken: list[list[str]], fault: str = ""
) -> Callable[[], Iterator[object]]:
    def steps() -> Iterator[object]:
        for step in range(count):
            ask = _Ask(name, taken, fault)
            yield ask
            assert ask.is_done
            yield f"{name} {step}"

    return steps


def _held(scheduler: Scheduler) -> Callable[[], None]:
    """Hold the scheduler with a drawing until the function that is returned is called."""
    gate, cancel = _Steps(), threading.Event()
    events = scheduler.run(gate, cancel)
    gate.let()
    next(events)

    def let_go() -> None:
        cancel.set()
        gate.let()

    return let_go


def test_texts_take_joint_steps_together_and_leave_when_they_end() -> None:
    scheduler, taken = Scheduler("texts"), list[list[str]]()
    let_go = _held(scheduler)
    counts = {"a": 1, "b": 3, "c": 2}
    texts = {
        name: scheduler.run(_asking(name, count, taken), kind="text", tenant=name)
        for name, count in counts.items()
    }
    let_go()
    for name, events in texts.items():
        assert list(events) == [f"{name} {step}" for step in range(counts[name])]
    scheduler.close()
    assert taken == [["a", "b", "c"], ["b", "c"], ["b"]]


def test_the_fault_of_one_text_is_not_the_others() -> None:
    scheduler, taken = Scheduler("texts"), list[list[str]]()
    let_go = _held(scheduler)
    good = scheduler.run(_asking("a", 2, taken, "b"), kind="text", tenant="a")
    bad = scheduler.run(_asking("b", 2, taken, "b"), kind="text", tenant="b")
    let_go()
    assert list(good) == ["a 0", "a 1"]
    with pytest.raises(ValueError, match="b"):
        list(bad)
    scheduler.close()


def test_a_lesson_waits_while_texts_wait() -> None:
    scheduler = Scheduler("texts")
    order: list[str] = []
    started, go = threading.Event(), threading.Event()

    def lesson() -> Iterator[int]:
        for step in range(2):
            started.set()
            assert go.wait(WAIT)
            order.append(f"lesson {step}")
            yield step

    learned = scheduler.run(lesson, kind="lesson")
    assert started.wait(WAIT)
    texts = [scheduler.run(_noting(order, name, 1), kind="text") for name in ("a", "b")]
    go.set()
    for events in (learned, *texts):
        list(events)
    scheduler.close()
    assert order == ["lesson 0", "a 0", "b 0", "lesson 1"]


def test_a_text_is_cancelled_between_two_of_its_steps() -> None:
    scheduler = Scheduler("texts")
    steps = _Steps()
    events = scheduler.run(steps, kind="text", request_id="one")
    steps.let()
    assert next(events) == 1
    assert scheduler.cancel("one")
    steps.let()
    with pytest.raises(Cancelled):
        list(events)
    assert not scheduler.cancel("one")
    scheduler.close()


def _fitting(request: int, key: str = "alike") -> BatchKey[int, str]:
    def start(requests: Sequence[int]) -> Iterator[list[str]]:
        if 13 in requests:
            raise ValueError("not with 13")
        for step in range(2):
            yield [f"{one} of {len(requests)}, step {step}" for one in requests]

    return BatchKey(key=key, limit=3, request=request, start=start)


def _alone(request: int) -> Callable[[], Iterator[str]]:
    def start() -> Iterator[str]:
        if request == 13:
            raise ValueError("13")
        yield f"{request} alone"

    return start


@pytest.fixture
def crowd() -> Iterator[Callable[..., list[JobEvents[str]]]]:
    """Return how to queue requests behind a job that holds the worker until all wait."""
    worker = Scheduler("crowd", limit=64)

    def queue(*requests: int, **keys: str) -> list[JobEvents[str]]:
        steps, cancel = _Steps(), threading.Event()
        worker.run(steps, cancel, tenant="first")
        waiting = [
            worker.run(_alone(one), tenant=f"{one}", batch_key=_fitting(one, **keys))
            for one in requests
        ]
        cancel.set()
        steps.let()
        return waiting

    yield queue
    worker.close()


def test_jobs_that_fit_run_as_one_up_to_a_limit(crowd: Callable[..., list[JobEvents[str]]]) -> None:
    found = [list(events) for events in crowd(1, 2, 3, 4)]
    assert found[0] == ["1 of 3, step 0", "1 of 3, step 1"]
    assert found[2] == ["3 of 3, step 0", "3 of 3, step 1"]
    assert found[3] == ["4 alone"]


def test_one_of_a_company_can_leave_it(crowd: Callable[..., list[JobEvents[str]]]) -> None:
    left, stays = crowd(1, 2)
    left.close()
    assert list(stays)[-1] in ("2 of 2, step 1", "2 alone")


def test_the_fault_of_one_is_not_the_others(crowd: Callable[..., list[JobEvents[str]]]) -> None:
    first, faulty, last = crowd(1, 13, 2)
    assert list(first) == ["1 alone"]
    with pytest.raises(ValueError, match="13"):
        list(faulty)
    assert list(last) == ["2 alone"]
