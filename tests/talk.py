"""One user's conversation with a session, for tests."""

from collections.abc import Awaitable, Callable

from fakes import png

from omnipersona.agent.assistant import Assistant
from omnipersona.agent.events import Event, NeedInput, Reply
from omnipersona.agent.turn import UserTurn

Opener = Callable[..., Awaitable[Assistant]]


class Talk:
    """One user's conversation with a session."""

    def __init__(self, session: Assistant, user_id: str = "ana", thread_id: str = "t1") -> None:
        self.session = session
        self.user_id = user_id
        self.thread_id = thread_id

    async def events(
        self, text: str = "", *pictures: bytes, seed: int | None = None
    ) -> list[Event]:
        turn = UserTurn(
            user_id=self.user_id,
            thread_id=self.thread_id,
            text=text,
            pictures=pictures,
            seed=seed,
        )
        return [event async for event in self.session.turn(turn)]

    async def say(self, text: str = "", *pictures: bytes, seed: int | None = None) -> Event:
        """Return the last event of a turn."""
        return (await self.events(text, *pictures, seed=seed))[-1]

    async def reply(self, text: str = "", *pictures: bytes, seed: int | None = None) -> Reply:
        last = await self.say(text, *pictures, seed=seed)
        assert isinstance(last, Reply), last
        return last

    async def need(self, text: str = "", *pictures: bytes) -> NeedInput:
        last = await self.say(text, *pictures)
        assert isinstance(last, NeedInput), last
        return last

    async def teach(self, name: str = "bo", kind: str = "dog", extra: str = "") -> None:
        """Teach a concept and wait until it is learned."""
        reply = await self.reply(f"this is my {kind} <{name}>{extra}", png())
        job_id = reply.details["job_id"]
        states = [s async for s in self.session.watch_learning(self.user_id, job_id)]
        assert states[-1].state == "ready", states[-1]
