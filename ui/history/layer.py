"""The chat frame's data layer over our conversations.

Whose a record is comes from the request or the socket that is being served (`ui.history.owner`),
never from the record: another user's ids are unknown, for reads and for writes. Knows the frame's
records. Does not know tables; a call that fails is logged and raised, never swallowed. A picture of
an element is one of the memory's, read back through a route of the page by its owner alone.
"""

import asyncio
import functools
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar, cast
from weakref import WeakValueDictionary

from chainlit.data.base import BaseDataLayer
from chainlit.data.utils import queue_until_user_message
from chainlit.element import Element, ElementDict
from chainlit.step import StepDict
from chainlit.types import (
    Feedback,
    PageInfo,
    PaginatedResponse,
    Pagination,
    ThreadDict,
    ThreadFilter,
)
from chainlit.user import PersistedUser, User

from omnipersona.agent.assistant import Assistant
from omnipersona.store.conversations import StoredThread
from omnipersona.store.errors import PictureRejected, UnknownThread
from omnipersona.ui.history.owner import current_owner

PICTURES: Final = "/pictures/{picture_id}"
"""Route of a picture that is shown."""

_FIRST: Final = 20
_MOMENT: Final = 0.05
_LONG_AGO: Final = "1970-01-01T00:00:00Z"

F = TypeVar("F", bound=Callable[..., Any])


def _kept_after_first_words(method: F) -> F:
    """Put off what happens before the user's first message; a chat without words is not kept."""

    @functools.wraps(method)
    async def counted(self: "HistoryLayer", *values: Any, **named: Any) -> Any:
        owner = current_owner()
        self._num_writing[owner] += 1
        try:
            return await method(self, *values, **named)
        finally:
            self._num_writing[owner] -= 1
            # Owners who were here once leave nothing behind.
            self._num_writing += Counter()

    return cast(F, queue_until_user_message()(counted))


class HistoryLayer(BaseDataLayer):
    """Implements what the frame asks of a data layer.

    Args:
        session: Whose conversations they are, with their pictures.
        prefix: Path under which the page is reached.
    """

    def __init__(self, session: Assistant, prefix: str = "") -> None:
        self._session = session
        self._kept = session.conversations
        self._prefix = prefix
        # Weak, so that owners who were here once leave nothing behind.
        self._orders = WeakValueDictionary[str, asyncio.Lock]()
        self._num_writing = Counter[str]()

    async def _settled(self, owner: str) -> None:
        """Wait until all that an owner was shown so far is kept, which takes the frame a moment."""
        await asyncio.sleep(_MOMENT)
        while self._num_writing[owner]:
            await asyncio.sleep(_MOMENT)

    def _in_order(self, owner: str) -> asyncio.Lock:
        return self._orders.setdefault(owner, asyncio.Lock())

    async def _write(self, write: Callable[..., object], *values: object) -> None:
        """Write after all that was to be written before: what is late must not undo what is new."""
        owner = current_owner()
        async with self._in_order(owner):
            await asyncio.to_thread(write, owner, *values)

    async def get_user(self, identifier: str) -> PersistedUser | None:
        """Return a user; who may be one is decided by the login."""
        return PersistedUser(id=identifier, identifier=identifier, createdAt=_LONG_AGO)

    async def create_user(self, user: User) -> PersistedUser | None:
        """Return a user; the first thing that is kept of one makes them known."""
        return await self.get_user(user.identifier)

    async def get_thread_author(self, thread_id: str) -> str:
        """Return whose a thread is: the owner's, or "" for nobody's that they could know of."""
        owner = current_owner()
        try:
            await asyncio.to_thread(self._kept.thread, owner, thread_id)
        except UnknownThread:
            return ""
        return owner

    async def update_thread(
        self,
        thread_id: str,
        name: str | None = None,
        user_id: str | None = None,
        metadata: dict[str, Any] | None = None,
        tags: list[str] | None = None,
    ) -> None:
        """Make a thread, or change what is given; tags are not used here."""
        await self._write(partial(self._kept.put_thread, name=name, metadata=metadata), thread_id)

    async def list_threads(
        self, pagination: Pagination, filters: ThreadFilter
    ) -> PaginatedResponse[ThreadDict]:
        """Return a page of the owner's threads."""
        owner = current_owner()
        found, has_more = await asyncio.to_thread(
            self._kept.list,
            owner,
            first=pagination.first or _FIRST,
            after=pagination.cursor,
            search=filters.search,
        )
        data = [_thread_dict(one, [], []) for one in found]
        info = PageInfo(
            hasNextPage=has_more,
            startCursor=found[0].id if found else None,
            endCursor=found[-1].id if found else None,
        )
        return PaginatedResponse(pageInfo=info, data=data)

    async def get_thread(self, thread_id: str) -> ThreadDict | None:
        """Return a thread with all that was said and shown in it so far."""
        owner = current_owner()
        await self._settled(owner)
        try:
            found = await asyncio.to_thread(self._kept.thread, owner, thread_id)
        except UnknownThread:
            return None
        steps = await asyncio.to_thread(self._kept.steps, owner, thread_id)
        return _thread_dict(found, steps, await self._elements(owner, thread_id))

    async def delete_thread(self, thread_id: str) -> None:
        """Delete a thread here and wherever else it is kept."""
        owner = current_owner()
        async with self._in_order(owner):
            await self._session.delete_thread(owner, thread_id)

    @_kept_after_first_words
    async def create_step(self, step_dict: StepDict) -> None:
        """Keep a step."""
        await self._write(self._kept.put_step, str(step_dict["threadId"]), step_dict)

    @_kept_after_first_words
    async def update_step(self, step_dict: StepDict) -> None:
        """Keep a step's newer state."""
        await self._write(self._kept.put_step, str(step_dict["threadId"]), step_dict)

    @_kept_after_first_words
    async def delete_step(self, step_id: str) -> None:
        """Delete a step."""
        await self._write(self._kept.delete_step, step_id)

    @_kept_after_first_words
    async def create_element(self, element: Element) -> None:
        """Keep what is shown with a step: a picture that is known, or one that the user sent."""
        if not element.for_id or element.type != "image":
            return
        owner, thread_id = current_owner(), str(element.thread_id)
        picture_id = await self._picture_of(owner, thread_id, element)
        if picture_id is None:
            return
        given = {key: value for key, value in element.to_dict().items() if value is not None}
        kept = {**given, "url": None, "chainlitKey": None}
        await self._write(partial(self._kept.put_element, picture_id=picture_id), thread_id, kept)

    async def _picture_of(self, owner: str, thread_id: str, element: Element) -> str | None:
        """Return the picture that an element shows; None if it is no picture, as a turn will say.

        Drawings are shown under their ids; what was sent is kept once, here and in the memory.
        """
        known = Path(element.name).stem
        if await asyncio.to_thread(self._session.has_picture, owner, known):
            return known
        content = element.content
        if element.path:
            content = await asyncio.to_thread(Path(element.path).read_bytes)
        if not isinstance(content, bytes):
            return None
        try:
            return await self._session.keep_picture(owner, content, thread_id)
        except PictureRejected:
            return None

    async def get_element(self, thread_id: str, element_id: str) -> ElementDict | None:
        """Return what is shown, without bytes."""
        found = await self._elements(current_owner(), thread_id)
        return cast("ElementDict | None", next((e for e in found if e["id"] == element_id), None))

    async def _elements(self, owner: str, thread_id: str) -> list[dict[str, Any]]:
        found = await asyncio.to_thread(self._kept.elements, owner, thread_id)
        return [
            {**one, "url": self._prefix + PICTURES.format(picture_id=one["pictureId"])}
            for one in found
        ]

    @_kept_after_first_words
    async def delete_element(self, element_id: str, thread_id: str | None = None) -> None:
        """Delete what is shown."""
        await self._write(self._kept.delete_element, element_id)

    async def upsert_feedback(self, feedback: Feedback) -> str:
        """Refuse: nobody reads thumbs here, so none are kept."""
        raise NotImplementedError("Feedback is not kept.")

    async def delete_feedback(self, feedback_id: str) -> bool:
        """Say that there was none."""
        return False

    async def get_favorite_steps(self, user_id: str) -> list[StepDict]:
        """Return none: favourites are switched off."""
        return []

    async def build_debug_url(self) -> str:
        """Return nothing: there is no debugger."""
        return ""

    async def close(self) -> None:
        """Do nothing: the session closes the conversations."""


def _thread_dict(
    thread: StoredThread, steps: list[dict[str, Any]], elements: list[dict[str, Any]]
) -> ThreadDict:
    return ThreadDict(
        id=thread.id,
        createdAt=thread.created_at,
        name=thread.name or None,
        userId=thread.user_id,
        userIdentifier=thread.user_id,
        tags=[],
        metadata=dict(thread.metadata),
        steps=cast("list[StepDict]", steps),
        elements=cast("list[ElementDict]", elements),
    )
