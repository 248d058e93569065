"""Which conversation a turn belongs to: the one it names, else one of its own.

The protocol sends all messages each time, ours keeps the conversation. A turn that names no thread
gets a fresh one, which is deleted at its end; only where it ended in a question, it is kept for a
while, and the request whose messages go on from that question answers it. Knows threads and
messages. Does not know what is in a turn.
"""

import hashlib
import json
import logging
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from omnipersona.agent.assistant import Assistant
from omnipersona.agent.events import Event, NeedInput
from omnipersona.serve.http.problems import Problem

logger = logging.getLogger(__name__)

Said = tuple[str, str, tuple[str, ...]]
"""A message: role, words, and the pictures as they were sent."""

_PREFIX: Final = "http-"
_PATIENCE: Final = 15 * 60.0
_MOST: Final = 1000
_LONGEST: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a turn belongs.

    Attributes:
        user_id: Whose conversation.
        thread_id: Which.
        is_named: The request named it; it is kept.
        said: All messages up to this turn's.
    """

    user_id: str
    thread_id: str
    is_named: bool
    said: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True)
class _Waiting:
    place: Place
    until: float


class Conversations:
    """The threads of turns that named none."""

    def __init__(self, session: Assistant) -> None:
        """Start with none."""
        self._session = session
        self._waiting: dict[tuple[str, str], _Waiting] = {}

    async def find(self, user_id: str, named: str | None, said: Sequence[Said]) -> Place:
        """Return where a turn belongs.

        Args:
            user_id: Who asks.
            named: The thread that the request names, or None.
            said: All messages of the request; the last is the turn's.
        """
        if named is not None:
            return Place(user_id=user_id, thread_id=named, is_named=True)
        await self._expire()
        waiting = self._waiting.pop((user_id, _digest(said[:-1])), None)
        thread_id = waiting.place.thread_id if waiting else f"{_PREFIX}{uuid.uuid4().hex}"
        return Place(user_id=user_id, thread_id=thread_id, is_named=False, said=tuple(said))

    async def leave(self, place: Place, last: Event | None) -> None:
        """Put a conversation away after a turn that ended with `last`."""
        if place.is_named:
            return
        if isinstance(last, NeedInput) and place.said:
            key = _digest((*place.said, ("assistant", last.question, ())))
            old = self._waiting.pop((place.user_id, key), None)
            self._waiting[place.user_id, key] = _Waiting(place, time.monotonic() + _PATIENCE)
            if old is not None:
                await self._delete(old.place)
        else:
            await self._delete(place)

    async def close(self) -> None:
        """Delete all that waits for an answer."""
        for waiting in self._waiting.values():
            await self._delete(waiting.place)
        self._waiting.clear()

    async def _expire(self) -> None:
        now = time.monotonic()
        surplus = len(self._waiting) - _MOST
        old = [
            key
            for index, (key, waiting) in enumerate(self._waiting.items())
            if waiting.until < now or index < surplus
        ]
        for key in old:
            if (waiting := self._waiting.pop(key, None)) is not None:
                await self._delete(waiting.place)

    async def _delete(self, place: Place) -> None:
        await self._session.delete_thread(place.user_id, place.thread_id)


def fresh(user_id: str) -> Place:
    """Return a place of its own for a turn that nothing can follow."""
    return Place(user_id=user_id, thread_id=f"{_PREFIX}{uuid.uuid4().hex}", is_named=False)


def check_thread(name: str, param: str) -> str:
    """Return a thread's name; raise `Problem` if it is empty, too long or not visible."""
    if not name.strip() or len(name) > _LONGEST or not name.isprintable():
        raise Problem(
            400,
            f"A thread's name has 1 to {_LONGEST} visible characters.",
            param=param,
        )
    return name


def _digest(said: Sequence[Said]) -> str:
    messages = [(role, words.strip(), pictures) for role, words, pictures in said]
    return hashlib.sha256(json.dumps(messages).encode()).hexdigest()
