"""The page's handlers; each hands on to the module that knows.

The chat frame loads this file by its path, so every import is absolute.
"""

import asyncio

import chainlit as cl
from chainlit.server import app

from omnipersona.agent.errors import EXPECTED_ERRORS
from omnipersona.ui import assistant
from omnipersona.ui.conversation import attach_samples, run_turn, say
from omnipersona.ui.elements import CANCEL_LEARNING, SAY
from omnipersona.ui.guard import LOOPBACK, OwnPageOnly
from omnipersona.ui.learning import follow_unfinished
from omnipersona.ui.starters import STARTERS
from omnipersona.ui.uploads import UploadRefused, read_uploads

app.add_middleware(OwnPageOnly, is_local=cl.config.config.run.host in LOOPBACK)


@cl.on_app_shutdown
async def on_shutdown() -> None:
    """Close the session; the process ends right after."""
    await assistant.close()


@cl.set_starters
async def on_starters(user: cl.User | None = None) -> list[cl.Starter]:
    """Offer first messages."""
    return [
        cl.Starter(label=one.label, message=one.text, icon=f"/public/starters/{one.icon}.png")
        for one in STARTERS
    ]


@cl.on_chat_start
async def on_start() -> None:
    """Show what is still being learned, on a page opened or reloaded meanwhile."""
    await follow_unfinished()


@cl.on_message
async def on_message(message: cl.Message) -> None:
    """Run a turn with the user's words and pictures."""
    try:
        pictures = await read_uploads([str(one.path) for one in message.elements])
    except UploadRefused as refusal:
        await cl.Message(str(refusal)).send()
        return
    await run_turn(message.content, pictures or await attach_samples(message))


@cl.action_callback(SAY)
async def on_say(action: cl.Action) -> None:
    """Say what a button says."""
    cl.context.session.current_task = asyncio.create_task(say(str(action.payload.get("text"))))


@cl.action_callback(CANCEL_LEARNING)
async def on_cancel_learning(action: cl.Action) -> None:
    """Stop learning a concept."""
    here = assistant.assistant()
    try:
        here.session.cancel_learning(here.user, str(action.payload.get("job_id")))
    except EXPECTED_ERRORS as error:
        await cl.Message(str(error)).send()
