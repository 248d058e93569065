"""A conversation that is opened again: what is still under way in it, and what was asked last.

Knows the frame's order: what is sent while it resumes a thread is lost, so everything here waits a
moment. Nothing that is shown here is kept.
"""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import chainlit as cl
from chainlit.data import get_data_layer
from chainlit.types import ThreadDict

from omnipersona.agent.errors import EXPECTED_ERRORS
from omnipersona.ui.chat.elements import panel, passing_message, say_buttons, show_panel
from omnipersona.ui.chat.learning import follow_unfinished
from omnipersona.ui.chat.pictures import data_url
from omnipersona.ui.chat.preferences import offer
from omnipersona.ui.chat.running import RunningTurn, running_turn
from omnipersona.ui.chat.stream import QUESTION
from omnipersona.ui.chat.versions import buttons_of
from omnipersona.ui.login.callbacks import current_user
from omnipersona.ui.page_state import page_state

_AFTER_RESUME: Final = 0.5
_PAUSE_SECONDS: Final = 0.3
_LOST: Final = "I was stopped before I could answer this. Please say it again."
_STILL: Final = "I am still working on this."


async def rejoin(thread: ThreadDict) -> None:
    """Show what goes on in a thread, then what came out of it; Stop stops the turn itself."""
    await asyncio.sleep(_AFTER_RESUME)
    await offer()
    turn = running_turn(thread["id"])
    if turn is None:
        await _offer_buttons(thread)
        if not await _ask_again(thread["id"]):
            await _tell_of_lost_turn(thread)
        await follow_unfinished()
        return
    try:
        await _show_until_ended(turn)
    except asyncio.CancelledError:
        if turn.task is not None:
            turn.task.cancel()
        await turn.ended.wait()
    await _show_anew(thread["id"])


async def _show_until_ended(turn: RunningTurn) -> None:
    message = await passing_message(_STILL)
    bar = panel("DrawProgress")
    try:
        while not turn.ended.is_set():
            if turn.progress is not None:
                await show_panel(bar, _props(turn), message)
            with suppress(TimeoutError):
                await asyncio.wait_for(turn.ended.wait(), _PAUSE_SECONDS)
    finally:
        await bar.remove()
        await message.remove()


def _props(turn: RunningTurn) -> dict[str, Any]:
    progress = turn.progress
    assert progress is not None, "asked only where there is progress"
    props: dict[str, Any] = {"step": progress.step, "num_steps": progress.num_steps}
    if progress.preview is not None:
        props["preview"] = data_url(progress.preview)
    return props


async def _show_anew(thread_id: str) -> None:
    """Let the page read the thread again, which now holds the answer."""
    layer = get_data_layer()
    assert layer is not None, "the page keeps its history"
    thread = await layer.get_thread(thread_id)
    if thread is not None:
        await cl.context.emitter.resume_thread(thread)
        await asyncio.sleep(_AFTER_RESUME)
        await _offer_buttons(thread)


async def _offer_buttons(thread: ThreadDict) -> None:
    """Show the buttons of the last picture again; kept messages have none."""
    replies = [one["id"] for one in thread["steps"] if one["type"] == "assistant_message"]
    images = [one for one in thread["elements"] or () if one["type"] == "image"]
    pictures = {one["forId"]: Path(one["name"]).stem for one in images}
    message_id = next((one for one in reversed(replies) if one in pictures), None)
    if message_id is None:
        return
    with suppress(*EXPECTED_ERRORS):
        for button in await buttons_of(pictures[message_id]):
            await button.send(for_id=message_id)


async def _tell_of_lost_turn(thread: ThreadDict) -> None:
    """Say that a message got no answer, because the program ended before it."""
    said = [one for one in thread["steps"] if "message" in one["type"]]
    if said and said[-1]["type"] == "user_message":
        await passing_message(_LOST)


async def _ask_again(thread_id: str) -> bool:
    """Show the buttons of a question that still waits, if one does; kept messages have none."""
    waiting = await page_state().session.pending(current_user(), thread_id)
    if waiting is not None and waiting.choices:
        message = await passing_message(waiting.question, say_buttons(waiting.choices))
        cl.user_session.set(QUESTION, message)
    return waiting is not None
