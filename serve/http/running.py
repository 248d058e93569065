"""A turn in a task of its own, so that whoever reads its events may leave at any time."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import aclosing, suppress
from typing import Any, TypeVar

from starlette.requests import Request

from omnipersona.agent.events import Event, StepFinished, StepStarted
from omnipersona.serve.http.problems import Problem

logger = logging.getLogger(__name__)

T = TypeVar("T")
CLIENT_GONE = 499


class RunningTurn:
    """A turn's events, in order; the task goes on until its end or until it is stopped."""

    def __init__(
        self,
        events: AsyncGenerator[Event, None],
        after: Callable[[Event | None], Awaitable[None]],
    ) -> None:
        """Start.

        Args:
            events: Of the turn.
            after: Called with the last event, before the end is told.
        """
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._is_ending = False
        self._task = asyncio.create_task(self._run(events, after))

    async def rest(self) -> list[Event]:
        """Return all events that are still to come."""
        return [event async for event in self]

    async def begun(self) -> list[Event]:
        """Return the first events, up to one that shows whether the model took the turn up."""
        events = list[Event]()
        async for event in self:
            events.append(event)
            # A step that failed ends without anything to tell; why comes next.
            is_silent = isinstance(event, StepFinished) and not event.lines
            if not (is_silent or isinstance(event, StepStarted)):
                break
        return events

    def stop(self) -> None:
        """Stop the model before its next step; harmless if the turn is over."""
        # What is put away at the end must not be left half done.
        if not self._is_ending:
            self._task.cancel()

    def when_over(self, call: Callable[["RunningTurn"], None]) -> None:
        """Have `call` called at the end."""
        self._task.add_done_callback(lambda _: call(self))

    async def over(self) -> None:
        """Wait for the end."""
        await asyncio.wait([self._task])

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Yield all events that are still to come."""
        while (event := await self._events.get()) is not None:
            yield event

    async def _run(
        self,
        events: AsyncGenerator[Event, None],
        after: Callable[[Event | None], Awaitable[None]],
    ) -> None:
        last: Event | None = None
        try:
            async with aclosing(events) as turn:
                async for event in turn:
                    last = event
                    self._events.put_nowait(event)
        finally:
            self._is_ending = True
            try:
                await after(last)
            except Exception:
                logger.exception("a conversation could not be put away")
            self._events.put_nowait(None)


async def while_here(request: Request, running: RunningTurn, reading: Coroutine[Any, Any, T]) -> T:
    """Read of a turn for as long as the client is there; stop the turn when it goes.

    Raises: Problem: the client has gone; nobody will read it.
    """
    gone, read = asyncio.create_task(_gone(request)), asyncio.create_task(reading)
    try:
        await asyncio.wait({gone, read}, return_when=asyncio.FIRST_COMPLETED)
        if read.done():
            return read.result()
        raise Problem(CLIENT_GONE, "The client has gone.", code="cancelled")
    finally:
        if not read.done():
            running.stop()
        for task in (gone, read):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
