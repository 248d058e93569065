"""One turn on the page: the user's words go to the session, its events to the view.

Knows the frame's task, so that Stop can cancel a turn. The only place of the page that catches
whatever may go wrong: a user gets a sentence, the log gets the rest.
"""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any, Final

import chainlit as cl

from omnipersona.agent.turn import UserTurn
from omnipersona.ui.chat.learning import follow
from omnipersona.ui.chat.preferences import wishes
from omnipersona.ui.chat.running import begin_turn, end_turn
from omnipersona.ui.chat.starters import sample_photos
from omnipersona.ui.chat.stream import QUESTION, TurnView
from omnipersona.ui.login.callbacks import current_user
from omnipersona.ui.page_state import page_state

logger = logging.getLogger(__name__)

_LAST_WORDS: Final = 1.0
_ENDING: Final = set[asyncio.Task[None]]()
_FAILED: Final = "Something went wrong on this page; the log says what at {}."


async def run_turn(text: str, pictures: tuple[bytes, ...] = ()) -> None:
    """Run one turn of this chat and show it; cancelling it stops the model within one step."""
    here = page_state()
    view = TurnView()
    thread_id, user_id = cl.context.session.thread_id, current_user()
    await _take_away_question()
    running = begin_turn(thread_id)
    async with _until_kept(user_id, thread_id) as turn_id:
        said: dict[str, Any] = {"text": text, "pictures": pictures, "turn_id": turn_id}
        turn = UserTurn(user_id=user_id, thread_id=thread_id, **said, **wishes())
        try:
            async with aclosing(here.session.turn(turn)) as events:
                async for event in events:
                    running.note(event)
                    await view.show(event)
        except Exception:  # noqa: BLE001  # the border of the page
            mark = uuid.uuid4().hex[:12]
            logger.exception("page %s failed", mark)
            await view.fail(_FAILED.format(mark))
        finally:
            await view.close()
            end_turn(thread_id, running)
    if view.learning is not None and view.message is not None:
        follow(view.learning.status.job_id, view.message)


async def attach_samples(message: cl.Message) -> tuple[bytes, ...]:
    """Show a starter's photos with the user's message, and return their bytes."""
    photos = sample_photos(message.content)
    for name, png in photos:
        await cl.Image(name=name, content=png, display="inline").send(for_id=message.id)
    return tuple(png for _, png in photos)


async def say(text: str) -> None:
    """Say something in the user's name, as a button does; Stop works as for typed words."""
    emitter = cl.context.emitter
    await emitter.task_start()
    try:
        await cl.Message(text, author="User", type="user_message").send()
        await run_turn(text)
    except asyncio.CancelledError:
        logger.debug("a turn was stopped")
    finally:
        await emitter.task_end()


@asynccontextmanager
async def _until_kept(user_id: str, thread_id: str) -> AsyncIterator[str]:
    """Say that a turn is being written, until a moment after it: the frame keeps words later."""
    async with AsyncExitStack() as writing:
        session = page_state().session
        turn_id = await writing.enter_async_context(session.writing(user_id, thread_id))
        yield turn_id
        ending = asyncio.create_task(_end_later(writing.pop_all()))
        _ENDING.add(ending)
        ending.add_done_callback(_ENDING.discard)


async def _end_later(writing: AsyncExitStack) -> None:
    await asyncio.sleep(_LAST_WORDS)
    await writing.aclose()


async def _take_away_question() -> None:
    """Remove the buttons of the question that this turn answers."""
    question = cl.user_session.get(QUESTION)
    if isinstance(question, cl.Message):
        cl.user_session.set(QUESTION, None)
        await question.remove_actions()
