"""What the assistant adds to the model, and how it serves several users at once.

Real turns through a session on an empty data folder: what a turn costs outside of the model, how
soon a cancelled turn ends, what learning in the background does to an answer, and whether users
wait for each other. Knows turns and clocks. Does not know quality.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Final

from omnipersona.agent.assistant import Assistant
from omnipersona.agent.events import DrawProgress, Event, LearningStarted, Reply
from omnipersona.agent.settings import Settings
from omnipersona.agent.turn import UserTurn
from omnipersona.bench.asking import Asker, png
from omnipersona.bench.errors import BenchError
from omnipersona.bench.rows import Row, at_least, at_most
from omnipersona.bench.sample import Progress
from omnipersona.bench.timed_model import TimedModel
from omnipersona.model.contract import PersonaModel

_USERS: Final = 16
_OF_THE_GREEDY: Final = 8
_LONG: Final = 400  # steps of a drawing that is cancelled
_SHARE: Final = 0.03
_REST: Final = 0.1
_CANCEL: Final = 1.0
_WAIT: Final = 1.5
_MEET: Final = "this is my dog <bo>, his toy is a red ball"
_ASK: Final = "what is the toy of <bo>?"
_DRAW: Final = "draw <bo> with his toy"
_EDIT: Final = "change the background to the beach"
_PLAIN: Final = "draw a blue cat at the beach"
_HELLO: Final = "hello, who are you?"
_SUBJECT: Final = "a brown dog in the meadow"
_NUM_PHOTOS: Final = 3
_TOGETHER: Final = 1.7
_CALLS: Final = 3  # of the model for a question: reads it, recalls, asks the learned tokens
_MUCH: Final = 33
_MANY: Final = 1000  # steps of a drawing that a question is asked beside
_STEPS_SEEN: Final = 10


def run_service(
    model: PersonaModel, *, quick: bool, on_progress: Progress | None = None
) -> list[Row]:
    """Measure a model behind a session of its own; closes the model.

    Args:
        model: Any.
        quick: Fewer repetitions and users.
        on_progress: Told what is measured.

    Raises: BenchError: the model does not understand the sentences that are measured with.
    """
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_run(TimedModel(model), Path(folder), quick, on_progress))


async def _run(
    model: TimedModel, folder: Path, quick: bool, on_progress: Progress | None
) -> list[Row]:
    settings = Settings(data=folder, database="", blobs="", drift_guard=False)
    session = await Assistant.open(settings, model=model)
    service = _Service(session, model, 3 if quick else 10, 4 if quick else _USERS)
    rows: list[Row] = []
    try:
        await service.teach()
        for name, measure in service.sections.items():
            if on_progress is not None:
                on_progress(name)
            rows += await measure()
    finally:
        await session.close()
    return rows


class _Service:
    """One session under measurement; user `ana` knows <bo>."""

    def __init__(self, session: Assistant, model: TimedModel, repeats: int, users: int) -> None:
        self.session = session
        self.model = model
        self.repeats = repeats
        self.users = users
        self.photos: tuple[bytes, ...] = ()
        self.sections: dict[str, Callable[[], Awaitable[list[Row]]]] = {
            "turns": self.overhead,
            "cancelling": self.cancelling,
            "learning beside": self.learning,
            "users": self.fairness,
            "load": self.load,
        }

    async def teach(self) -> str:
        """Teach <bo> until he can be used; return the job, which goes on."""
        if not self.photos:
            # The model's own drawings are of its world, whatever its world is.
            asker = Asker(self.model)
            self.photos = tuple(png(asker.draw(_SUBJECT, seed)) for seed in range(_NUM_PHOTOS))
        started = [
            event
            for event in await self._events(_MEET, photos=self.photos)
            if isinstance(event, LearningStarted)
        ]
        if not started:
            raise BenchError(f"{_MEET!r} was not taken for teaching.")
        job_id = started[0].status.job_id
        async for status in self.session.watch_learning("ana", job_id):
            if status.is_usable:
                break
        return job_id

    async def overhead(self) -> list[Row]:
        """Turns of one user alone, with learning stopped."""
        for status in self.session.learn_status("ana"):
            if not status.has_ended:
                await self.session.cancel_learning("ana", status.job_id)
        rows = list[Row]()
        for name, text in (("question", _ASK), ("drawing", _DRAW), ("edit", _EDIT)):
            totals, rests = [], []
            for _ in range(self.repeats):
                self.model.seconds, started = 0.0, time.perf_counter()
                *_, last = await self._events(text)
                if name != "question" and not (isinstance(last, Reply) and last.pictures):
                    raise BenchError(f"{text!r} was not taken for a {name}.")
                totals.append(time.perf_counter() - started)
                rests.append(totals[-1] - self.model.seconds)
            goal = _REST if name == "question" else _SHARE * median(totals)
            rows.append(at_least(f"{name}: seconds", median(totals), len(totals)))
            rows.append(at_most(f"{name}: outside of the model", median(rests), len(rests), goal))
        return rows

    async def cancelling(self) -> list[Row]:
        """A drawing cancelled in its steps, and a lesson."""
        drawings, lessons = [], []
        for _ in range(self.repeats):
            begun = asyncio.Event()

            def note(event: Event, begun: asyncio.Event = begun) -> None:
                if isinstance(event, DrawProgress):
                    begun.set()

            turn = asyncio.create_task(self._events(_PLAIN, steps=_LONG, note=note))
            await begun.wait()
            started = time.perf_counter()
            turn.cancel()
            with suppress(asyncio.CancelledError):
                await turn
            # The next turn waits for the step that still runs.
            await self._events(_ASK)
            drawings.append(time.perf_counter() - started)
        for _ in range(self.repeats):
            job_id = await self.teach()
            started = time.perf_counter()
            await self.session.cancel_learning("ana", job_id)
            await self._events(_ASK)
            lessons.append(time.perf_counter() - started)
        count = self.repeats
        return [
            at_most("cancelled drawing and a question after it", max(drawings), count, _CANCEL),
            at_most("cancelled lesson and a question after it", max(lessons), count, _CANCEL),
        ]

    async def learning(self) -> list[Row]:
        """The same question while nothing is learned, and while something is."""
        alone = await self._asked()
        job_id = await self.teach()
        beside = await self._asked()
        await self.session.cancel_learning("ana", job_id)
        return [
            at_least("question: seconds while learning", beside, self.repeats),
            at_least("question: times slower while learning", beside / alone, self.repeats),
        ]

    async def fairness(self) -> list[Row]:
        """Everybody draws one picture; then one of them wants many at once."""
        equal = await self._drawn({f"user {i}": 1 for i in range(self.users)})
        wishes = {f"user {i}": 1 for i in range(self.users)} | {"user 0": _OF_THE_GREEDY}
        greedy = await self._drawn(wishes)
        modest = [name for name in wishes if name != "user 0"]
        slowest, waited = max(equal.values()), max(greedy[name] for name in modest)
        first, others = min(equal.values()) / slowest, waited / slowest
        return [
            at_least(f"{self.users} users: seconds to the last drawing", slowest, self.users),
            at_least(f"{self.users} users: first over last", first, self.users),
            at_most(f"one wants {_OF_THE_GREEDY}: wait of the others, times", others, 1, _WAIT),
        ]

    async def load(self) -> list[Row]:
        """Questions of all together, a question beside a long drawing, and one who wants much."""
        users = [f"user {i}" for i in range(self.users)]
        started = time.perf_counter()
        for user in users:
            await self._events(_HELLO, user=user, thread="one")
        apart, started = time.perf_counter() - started, time.perf_counter()
        await asyncio.gather(*(self._events(_HELLO, user=user, thread="all") for user in users))
        together = time.perf_counter() - started

        alone, steps, begun = await self._asked(), list[float](), asyncio.Event()

        def note(event: Event) -> None:
            if isinstance(event, DrawProgress):
                steps.append(time.perf_counter())
                if len(steps) > _STEPS_SEEN:
                    begun.set()

        drawing = asyncio.create_task(self._events(_PLAIN, user="eve", steps=_MANY, note=note))
        await begun.wait()
        step = median(later - first for first, later in pairwise(steps[:_STEPS_SEEN]))
        beside = await self._asked()
        drawing.cancel()
        with suppress(asyncio.CancelledError):
            await drawing

        greedy = [
            asyncio.create_task(self._said(_PLAIN, "user 0", f"much {i}")) for i in range(_MUCH)
        ]
        await asyncio.sleep(0)
        others = await asyncio.gather(*(self._said(_PLAIN, user, "beside") for user in users[1:]))
        refused = [one for one in others if not isinstance(one, Reply)]
        await asyncio.gather(*greedy)
        return [
            at_least(
                f"{self.users} users' questions: one by one over together",
                apart / together,
                self.users,
                _TOGETHER,
            ),
            at_most(
                "question beside a drawing: seconds",
                beside,
                self.repeats,
                2.0 * alone + _CALLS * step,
            ),
            at_most(f"one wants {_MUCH}: refused turns of others", len(refused), len(others), 0.0),
        ]

    async def _said(self, text: str, user: str, thread: str) -> Event:
        return await self.session.say(UserTurn(user_id=user, thread_id=thread, text=text))

    async def _drawn(self, wishes: dict[str, int]) -> dict[str, float]:
        """Return when the last wish of every user was fulfilled, in seconds."""
        started, ended = time.perf_counter(), dict[str, float]()

        async def wish(user: str, number: int) -> None:
            await self._events(_PLAIN, user=user, thread=f"{user} {number}")
            ended[user] = time.perf_counter() - started

        await asyncio.gather(*(wish(user, i) for user, n in wishes.items() for i in range(n)))
        return ended

    async def _asked(self) -> float:
        seconds = []
        for _ in range(self.repeats):
            started = time.perf_counter()
            await self._events(_ASK)
            seconds.append(time.perf_counter() - started)
        return median(seconds)

    async def _events(
        self,
        text: str,
        *,
        photos: tuple[bytes, ...] = (),
        user: str = "ana",
        thread: str = "t",
        steps: int | None = None,
        note: Callable[[Event], None] = lambda _: None,
    ) -> list[Event]:
        turn = UserTurn(user_id=user, thread_id=thread, text=text, pictures=photos, steps=steps)
        events = list[Event]()
        async for event in self.session.turn(turn):
            note(event)
            events.append(event)
        if not isinstance(events[-1], Reply):
            raise BenchError(f"{text!r} was answered with {events[-1]}.")
        return events
