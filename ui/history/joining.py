"""Who may open a socket to which conversation, and speak for which tab.

A conversation's id is made by this side. A browser names one only to open it again, and then it is
its owner's, or it is unknown and the socket is refused. A request that names a tab is its owner's,
or the tab is unknown. Knows the frame's sockets.
"""

import json
import shutil
from typing import Any, Final
from urllib.parse import parse_qs

from chainlit.server import sio
from chainlit.session import WebsocketSession, ws_sessions_id
from chainlit.socket import connect
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from omnipersona.agent.errors import EXPECTED_ERRORS
from omnipersona.ui.history.owner import NoOwner, current_owner
from omnipersona.ui.page_state import page_state

_ACTION: Final = "/project/action"
_FILE: Final = "/project/file"


async def join(sid: str, environ: dict[str, Any], auth: dict[str, Any]) -> bool:
    """Let a socket in, unless it names a conversation that is not its owner's.

    Raises: ConnectionRefusedError: it does, or nobody is logged in.
    """
    thread_id = auth.get("threadId")
    if thread_id and not await _is_own(str(thread_id), str(auth.get("sessionId"))):
        raise ConnectionRefusedError("There is no such conversation.")
    return bool(await connect(sid, environ, auth))


async def _is_own(thread_id: str, session_id: str) -> bool:
    try:
        owner = current_owner()
        page_state().session.conversations.thread(owner, thread_id)
    except (NoOwner, *EXPECTED_ERRORS):
        # A chat that has just begun is kept a moment after it is shown.
        here = WebsocketSession.get_by_id(session_id)
        return here is not None and here.thread_id == thread_id
    return True


class OwnTabs:
    """Middleware that knows of the tabs that requests name only those of their owner.

    Args:
        app: The frame, with the owner of each request in place.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve what names no tab, or one of the owner's."""
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.endswith(_ACTION) and _FILE not in path:
            await self._app(scope, receive, send)
            return
        tab_id = parse_qs(scope["query_string"].decode("latin-1")).get("session_id", [""])[0]
        if path.endswith(_ACTION):
            request = Request(scope, receive)
            body = await request.body()
            tab_id = _tab_of(body)
            receive = _again(body, receive)
        if is_own_tab(tab_id):
            await self._app(scope, receive, send)
        else:
            await PlainTextResponse("There is no such tab.", 404)(scope, receive, send)


def is_own_tab(tab_id: str) -> bool:
    """Return whether the owner of the request has an open tab of this id."""
    tab = WebsocketSession.get_by_id(tab_id)
    try:
        return tab is not None and _is_of(tab, current_owner())
    except NoOwner:
        return False


def drop_files_of(owner: str) -> None:
    """Delete what a user's open tabs hold of files, sent or not."""
    for tab in list(ws_sessions_id.values()):
        if _is_of(tab, owner):
            tab.files.clear()
            shutil.rmtree(tab.files_dir, ignore_errors=True)


def _is_of(tab: WebsocketSession, owner: str) -> bool:
    return tab.user is not None and tab.user.identifier == owner


def _tab_of(body: bytes) -> str:
    try:
        return str(json.loads(body)["sessionId"])
    except (ValueError, KeyError, TypeError):
        return ""


def _again(body: bytes, receive: Receive) -> Receive:
    """Return what tells a body that was read already."""
    told = False

    async def tell() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return tell


def guard_sockets() -> None:
    """Ask here before the frame does; it still sees to it that a session stays its owner's."""
    sio.on("connect")(join)
