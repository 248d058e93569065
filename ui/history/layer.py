"""The chat frame's data layer over our history file.

Knows the frame's records. Does not know tables; a call that fails is logged and raised, never
swallowed. Bytes of pictures are read back through a route of the page, by their owner alone.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar, cast

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

from omnipersona.agent.history.store import History, StoredThread, StoredUser

SHOWN: Final = "/shown/{element_id}"
"""Route of an element's bytes."""

_FIRST: Final = 20

F = TypeVar("F", bound=Callable[..., Any])


def _kept_after_first_words(method: F) -> F:
    """Put off what happens before the user's first message; a chat without words is not kept."""
    return cast(F, queue_until_user_message()(method))


class HistoryLayer(BaseDataLayer):
    """Implements what the frame asks of a data layer.

    Args:
        history: The open file.
        on_delete: Deletes what else belongs to a user's thread.
        prefix: Path under which the page is reached.
    """

    def __init__(
        self, history: History, on_delete: Callable[[str, str], Awaitable[None]], prefix: str = ""
    ) -> None:
        self._history = history
        self._on_delete = on_delete
        self._prefix = prefix
        self._in_order = asyncio.Lock()

    async def _write(self, write: Callable[..., object], *values: object) -> None:
        """Write after all that was to be written before: what is late must not undo what is new."""
        async with self._in_order:
            await asyncio.to_thread(write, *values)

    async def get_user(self, identifier: str) -> PersistedUser | None:
        """Return a user who has been here."""
        found = await asyncio.to_thread(self._history.user, identifier)
        return None if found is None else _persisted(found)

    async def create_user(self, user: User) -> PersistedUser | None:
        """Make a user known."""
        made = await asyncio.to_thread(self._history.put_user, user.identifier, user.metadata)
        return _persisted(made)

    async def get_thread_author(self, thread_id: str) -> str:
        """Return whose a thread is; the frame refuses everybody else."""
        found = await asyncio.to_thread(self._history.thread, thread_id)
        if found is None:
            raise ValueError(f"Nobody owns the thread {thread_id}.")
        return found.owner

    async def update_thread(
        self,
        thread_id: str,
        name: str | None = None,
        user_id: str | None = None,
        metadata: dict[str, Any] | None = None,
        tags: list[str] | None = None,
    ) -> None:
        """Make a thread, or change what is given; tags are not used here."""
        put = partial(self._history.put_thread, user_id=user_id, name=name, metadata=metadata)
        await self._write(put, thread_id)

    async def list_threads(
        self, pagination: Pagination, filters: ThreadFilter
    ) -> PaginatedResponse[ThreadDict]:
        """Return a page of a user's threads."""
        if not filters.userId:
            raise ValueError("userId is required")
        found, has_more = await asyncio.to_thread(
            self._history.threads,
            filters.userId,
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
        """Return a thread with all that was said and shown in it."""
        found = await asyncio.to_thread(self._history.thread, thread_id)
        if found is None:
            return None
        steps = await asyncio.to_thread(self._history.steps, thread_id)
        return _thread_dict(found, steps, await self._elements(thread_id))

    async def delete_thread(self, thread_id: str) -> None:
        """Delete a thread here and wherever else it is kept."""
        found = await asyncio.to_thread(self._history.thread, thread_id)
        if found is not None:
            await self._on_delete(found.owner, thread_id)
        await self._write(self._history.delete_thread, thread_id)

    @_kept_after_first_words
    async def create_step(self, step_dict: StepDict) -> None:
        """Keep a step."""
        await self._write(self._history.put_step, step_dict)

    @_kept_after_first_words
    async def update_step(self, step_dict: StepDict) -> None:
        """Keep a step's newer state."""
        await self._write(self._history.put_step, step_dict)

    @_kept_after_first_words
    async def delete_step(self, step_id: str) -> None:
        """Delete a step."""
        await self._write(self._history.delete_step, step_id)

    @_kept_after_first_words
    async def create_element(self, element: Element) -> None:
        """Keep what is shown with a step."""
        if not element.for_id:
            return
        content = element.content
        if element.path:
            content = await asyncio.to_thread(Path(element.path).read_bytes)
        if content is None:
            raise ValueError(f"The element {element.name} has no bytes.")
        data = content.encode() if isinstance(content, str) else content
        kept = {
            **{key: value for key, value in element.to_dict().items() if value is not None},
            "url": SHOWN.format(element_id=element.id),
            "chainlitKey": None,
        }
        await self._write(self._history.put_element, kept, data)

    async def get_element(self, thread_id: str, element_id: str) -> ElementDict | None:
        """Return what is shown, without bytes."""
        found = await self._elements(thread_id)
        return cast("ElementDict | None", next((e for e in found if e["id"] == element_id), None))

    async def _elements(self, thread_id: str) -> list[dict[str, Any]]:
        found = await asyncio.to_thread(self._history.elements, thread_id)
        return [{**one, "url": self._prefix + one["url"]} for one in found]

    @_kept_after_first_words
    async def delete_element(self, element_id: str, thread_id: str | None = None) -> None:
        """Delete what is shown."""
        await self._write(self._history.delete_element, element_id)

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
        """Do nothing: the session closes the history."""


def _persisted(user: StoredUser) -> PersistedUser:
    return PersistedUser(
        id=user.id,
        identifier=user.identifier,
        createdAt=user.created_at,
        metadata=dict(user.metadata),
    )


def _thread_dict(
    thread: StoredThread, steps: list[dict[str, Any]], elements: list[dict[str, Any]]
) -> ThreadDict:
    return ThreadDict(
        id=thread.id,
        createdAt=thread.created_at,
        name=thread.name or None,
        userId=thread.user_id,
        userIdentifier=thread.owner,
        tags=[],
        metadata=dict(thread.metadata),
        steps=cast("list[StepDict]", steps),
        elements=cast("list[ElementDict]", elements),
    )
