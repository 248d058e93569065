"""The page's handlers; each hands on to the module that knows.

The chat frame loads this file by its path, so every import is absolute.
"""

import asyncio

import chainlit as cl
from chainlit.data import get_data_layer
from chainlit.data.base import BaseDataLayer
from chainlit.server import app, sio
from chainlit.types import ThreadDict
from fastapi.routing import APIRoute
from starlette.responses import PlainTextResponse, Response
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from omnipersona.accounts.proxies import ANYBODY
from omnipersona.agent.errors import EXPECTED_ERRORS
from omnipersona.serve.guard import PAGE_POLICY, OwnPageOnly
from omnipersona.ui import page_state
from omnipersona.ui.album.routes import album_routes
from omnipersona.ui.chat.conversation import attach_samples, run_turn, say
from omnipersona.ui.chat.elements import CANCEL_LEARNING, COMPARE, GO_ON_FROM, SAY, VERSIONS
from omnipersona.ui.chat.learning import follow_unfinished
from omnipersona.ui.chat.pictures import PICTURE_HEADERS, enlarged
from omnipersona.ui.chat.preferences import offer
from omnipersona.ui.chat.resuming import rejoin
from omnipersona.ui.chat.slash import said
from omnipersona.ui.chat.starters import STARTERS
from omnipersona.ui.chat.uploads import UploadRefused, drop_later, read_uploads
from omnipersona.ui.chat.versions import compare, go_on_from, or_told, show_versions
from omnipersona.ui.history.joining import OwnTabs, guard_sockets
from omnipersona.ui.history.layer import PICTURES, HistoryLayer
from omnipersona.ui.history.owner import OwnerOfRequest
from omnipersona.ui.login.callbacks import Owner, current_user, register_login
from omnipersona.ui.page.narrow import OnlyWhatIsUsed, OwnScripts, forget_unused_events

_settings = page_state.page_state().settings
app.add_middleware(OwnTabs)
app.add_middleware(OwnerOfRequest)
app.add_middleware(OnlyWhatIsUsed, has_oauth=_settings.login == "oauth")
app.add_middleware(OwnScripts, policy=PAGE_POLICY)
# The last one is asked first: before a proxy's word on who its visitor is, who the peer is.
app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=_settings.proxies)
app.add_middleware(
    OwnPageOnly,
    is_open=_settings.login == "none",
    proxies=_settings.proxies if _settings.login == "header" else ANYBODY,
)


@cl.data_layer
def history_layer() -> BaseDataLayer:
    """Keep conversations in the history of the data folder."""
    here = page_state.page_state()
    return HistoryLayer(here.session, here.prefix)


register_login()
guard_sockets()
forget_unused_events(sio)


async def shown(picture_id: str, owner: Owner) -> Response:
    """Return a picture as a conversation shows it, to its owner alone."""
    session = page_state.page_state().session
    try:
        png = await session.picture(owner, picture_id)
    except EXPECTED_ERRORS as error:
        return PlainTextResponse(str(error), 404)
    large = await asyncio.to_thread(enlarged, png, session.describe().display_size)
    return Response(large, media_type="image/png", headers=PICTURE_HEADERS)


# Before the frame's own last route, which answers everything.
app.router.routes[:0] = [APIRoute(PICTURES, shown, methods=["GET"]), *album_routes()]


@cl.on_app_startup
async def on_startup() -> None:
    """Make the history's layer now: where nobody came, the frame makes it at its very end."""
    get_data_layer()


@cl.on_app_shutdown
async def on_shutdown() -> None:
    """Close the session; the process ends right after."""
    await page_state.close()


@cl.set_starters
async def on_starters(user: cl.User | None = None) -> list[cl.Starter]:
    """Offer first messages."""
    icons = f"{page_state.page_state().prefix}/public/starters"
    return [
        cl.Starter(label=one.label, message=one.text, icon=f"{icons}/{one.icon}.png")
        for one in STARTERS
    ]


@cl.on_chat_start
async def on_start() -> None:
    """Offer commands and settings, and show what is still being learned."""
    await offer()
    await follow_unfinished()


@cl.on_chat_resume
async def on_resume(thread: ThreadDict) -> None:
    """Show what is still under way in a conversation that is opened again."""
    cl.context.session.current_task = asyncio.create_task(rejoin(thread))


@cl.on_message
async def on_message(message: cl.Message) -> None:
    """Run a turn with the user's words and pictures."""
    try:
        pictures = await read_uploads([str(one.path) for one in message.elements])
    except UploadRefused as refusal:
        await cl.Message(str(refusal)).send()
        return
    drop_later(message.elements, cl.context.session.files)
    text = said(message.command, message.content)
    await run_turn(text, pictures or await attach_samples(message))


@cl.action_callback(SAY)
async def on_say(action: cl.Action) -> None:
    """Say what a button says."""
    cl.context.session.current_task = asyncio.create_task(say(str(action.payload.get("text"))))


@cl.action_callback(COMPARE)
async def on_compare(action: cl.Action) -> None:
    """Show an edit beside its source."""
    await or_told(compare, action)


@cl.action_callback(VERSIONS)
async def on_versions(action: cl.Action) -> None:
    """Show all versions of a picture."""
    await or_told(show_versions, action)


@cl.action_callback(GO_ON_FROM)
async def on_go_on_from(action: cl.Action) -> None:
    """Go on from a version."""
    await or_told(go_on_from, action)


@cl.action_callback(CANCEL_LEARNING)
async def on_cancel_learning(action: cl.Action) -> None:
    """Stop learning a concept."""
    here = page_state.page_state()
    try:
        await here.session.cancel_learning(current_user(), str(action.payload.get("job_id")))
    except EXPECTED_ERRORS as error:
        await cl.Message(str(error)).send()
