"""Who may open a socket to which conversation.

A conversation's id is made by this side. A browser names one only to open it again, and then it is
its owner's, or it is unknown and the socket is refused. Knows the frame's sockets.
"""

from typing import Any

from chainlit.server import sio
from chainlit.session import WebsocketSession
from chainlit.socket import connect

from omnipersona.agent.errors import EXPECTED_ERRORS
from omnipersona.ui.assistant import assistant
from omnipersona.ui.history.owner import NoOwner, current_owner


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
        assistant().session.conversations.thread(owner, thread_id)
    except (NoOwner, *EXPECTED_ERRORS):
        # A chat that has just begun is kept a moment after it is shown.
        here = WebsocketSession.get_by_id(session_id)
        return here is not None and here.thread_id == thread_id
    return True


def guard_sockets() -> None:
    """Ask here before the frame does; it still sees to it that a session stays its owner's."""
    sio.on("connect")(join)
