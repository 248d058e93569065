"""Learning on the page: a panel with a bar and a Cancel button, then a message.

Knows how a job looks while it runs. The job itself goes on without a page.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

import chainlit as cl
from chainlit.context import local_steps

from omnipersona.agent.events import LearnStatus
from omnipersona.ui.chat.elements import panel, say_buttons, show_panel
from omnipersona.ui.chat.markup import as_markdown
from omnipersona.ui.login.callbacks import current_user
from omnipersona.ui.page_state import page_state

_PAUSE_SECONDS: Final = 0.3
_WHY: Final[Mapping[str, str]] = {
    "asked": "I am still learning {name}.",
    "cut off": "I was stopped while I learned {name}, and go on.",
    "new weights": "I run on other weights now, so I learn {name} anew from the kept photos.",
}
_followers: set[asyncio.Task[None]] = set()


def follow(job_id: str, message: cl.Message) -> None:
    """Show a job under `message` until it ends, beside the conversation."""
    task = asyncio.create_task(_follow(job_id, message))
    _followers.add(task)
    task.add_done_callback(_followers.discard)


async def follow_unfinished() -> None:
    """Show the jobs that still run on a page that was just opened."""
    session, user_id = page_state().session, current_user()
    await session.learn_anew(user_id)
    for status in session.learn_status(user_id):
        if not status.has_ended:
            text = _WHY[status.reason].format(name=f"<{status.concept_name}>")
            follow(status.job_id, await cl.Message(as_markdown(text)).send())


async def _follow(job_id: str, message: cl.Message) -> None:
    here = page_state()
    # What is told later belongs to the end of the conversation, not to the turn that began it.
    local_steps.set(None)
    bar, shown_at, was_usable = panel("LearnProgress"), 0.0, None
    try:
        async for status in here.session.watch_learning(current_user(), job_id):
            was_usable = status.is_usable if was_usable is None else was_usable
            is_news = status.has_ended or status.is_usable != was_usable
            if is_news or time.monotonic() - shown_at > _PAUSE_SECONDS:
                shown_at = time.monotonic()
                await show_panel(bar, _props(status), message)
            if is_news:
                await _tell(status, is_first=not was_usable)
                was_usable = status.is_usable
    finally:
        await bar.remove()


async def _tell(status: LearnStatus, *, is_first: bool) -> None:
    if status.is_forgotten:
        # Whoever forgot it has been told so.
        return
    name = f"<{status.concept_name}>"
    if status.state == "failed":
        text = status.message
    elif status.state == "cancelled":
        kept = f" What I knew of {name} before stays." if status.is_usable else ""
        text = f"I stopped learning {name}.{kept}"
    elif status.state == "ready":
        text = f"I know {name} now."
    else:
        text = f"I know {name} well enough to begin, and go on refining."
    buttons = say_buttons(_first_words(name)) if status.is_usable and is_first else []
    await cl.Message(as_markdown(text), actions=buttons).send()


def _first_words(name: str) -> tuple[str, ...]:
    return f"Draw {name} in the snow", f"What do you know about {name}?"


def _props(status: LearnStatus) -> dict[str, Any]:
    hint = "You can go on talking meanwhile."
    if status.is_usable:
        hint = f"You can use <{status.concept_name}> already."
    return {
        "job_id": status.job_id,
        "name": status.concept_name,
        "step": status.step,
        "num_steps": status.num_steps,
        "is_usable": status.is_usable,
        "hint": hint,
    }
