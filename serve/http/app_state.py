"""What every handler works with, found on the application it belongs to."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from omnipersona.accounts.keys import ApiKeys
from omnipersona.agent.assistant import Assistant
from omnipersona.agent.events import LearnStatus
from omnipersona.agent.settings import Settings
from omnipersona.agent.turn import UserTurn
from omnipersona.serve.address import LOOPBACK
from omnipersona.serve.http.conversations import Conversations, Place
from omnipersona.serve.http.metrics import Metrics
from omnipersona.serve.http.problems import Problem
from omnipersona.serve.http.rate_limit import RateLimit
from omnipersona.serve.http.running import RunningTurn


class AppState:
    """One server's session, keys, limits and counters.

    Attributes:
        session: The assistant.
        settings: Host, limits, and the user of a server without keys.
        keys: Who may come in.
        metrics: What is counted.
        pace: How often each may ask.
        conversations: Which thread a turn belongs to.
        is_local: It listens on this machine alone.
        is_open: It began without keys, for this machine alone.
    """

    def __init__(self, session: Assistant, settings: Settings) -> None:
        """Open the door to a session."""
        self.session = session
        self.settings = settings
        self.keys = ApiKeys(settings.data)
        self.metrics = Metrics()
        self.pace = RateLimit(settings.api_rate)
        self.conversations = Conversations(session)
        self.is_local = settings.api_host in LOOPBACK
        self.is_open = self.is_local and not self.keys.names()
        self._turns: set[RunningTurn] = set()

    def user_of(self, key: str | None) -> str | None:
        """Return whose key this is; without any keys, on this machine alone, the one user.

        Raises: OSError, ValueError: the keys cannot be read.
        """
        # A server that began with keys stays closed when the last one is taken away.
        if self.is_open and not self.keys.names():
            return self.settings.user
        return self.keys.owner(key) if key else None

    def users(self) -> list[str]:
        """Return everybody who may come in."""
        return self.keys.names() or [self.settings.user]

    def learning(self) -> Iterator[LearnStatus]:
        """Yield the learning jobs of everybody who may come in."""
        for user in self.users():
            yield from self.session.learn_status(user)

    def check_model(self, name: str | None) -> None:
        """Refuse the name of another model; None is the one there is."""
        own = self.session.describe().name
        if name is not None and name != own:
            raise Problem(
                404,
                f"There is no model {name[:80]!r} here; this server runs {own!r}.",
                param="model",
                code="model_not_found",
            )

    def start(self, turn: UserTurn, place: Place) -> RunningTurn:
        """Start a turn; afterwards its conversation is kept or deleted as its place says."""
        running = RunningTurn(
            self.session.turn(turn), lambda last: self.conversations.leave(place, last)
        )
        self._turns.add(running)
        self.metrics.turns.inc()
        running.when_over(self._over)
        return running

    async def learn_anew(self) -> None:
        """Learn what was learned with other weights."""
        for user in self.users():
            await self.session.learn_anew(user)

    async def close(self) -> None:
        """Stop what runs and delete what was kept for an answer that did not come."""
        for running in self._turns.copy():
            running.stop()
            with suppress(asyncio.CancelledError):
                await running.over()
        await self.conversations.close()

    def _over(self, running: RunningTurn) -> None:
        self._turns.discard(running)
        self.metrics.turns.dec()


def _door_of(request: Request) -> AppState:
    app_state: AppState = request.app.state.app_state
    return app_state


TheAppState = Annotated[AppState, Depends(_door_of)]
"""The door that a request came through."""
