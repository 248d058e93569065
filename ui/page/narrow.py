"""What of the chat frame is used: everything else of it is not there.

A frame serves other products' needs, too: sharing, feedback, voice, chat platforms, elements that a
browser makes up. Each would be one more way in. Knows paths, methods and events. Does not know what
they do.
"""

import base64
import gzip
import hashlib
import re
from collections.abc import Iterable
from typing import Any, Final

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ID: Final = r"[\w.-]+"
_READ: Final = (
    *("/", "/login", "/login/callback", f"/thread/{_ID}"),
    *("/public/.+", "/assets/.+", "/favicon", "/logo", f"/avatars/{_ID}", "/health"),
    *("/auth/config", "/user", "/project/translations", "/project/settings"),
    *(f"/project/thread/{_ID}", f"/project/thread/{_ID}/element/{_ID}", f"/project/file/{_ID}"),
    *(f"/pictures/{_ID}", "/known(/.*)?"),
)
_WRITTEN: Final = (
    *("/login", "/logout", "/auth/header", "/set-session-cookie"),
    *("/project/threads", "/project/action", "/project/file", "/known/.+"),
)
_OAUTH: Final = (f"/auth/oauth/{_ID}", f"/auth/oauth/{_ID}/callback")
USED: Final = {
    "GET": _READ,
    "HEAD": _READ,
    "POST": _WRITTEN,
    "PUT": ("/project/thread",),
    "DELETE": ("/project/thread",),
}
"""Paths below the page's own, by method."""

SOCKET: Final = "/ws/socket.io(/.*)?"
EVENTS: Final = (
    *("connect", "connection_successful", "disconnect", "clear_session"),
    *("client_message", "chat_settings_change", "stop"),
)
"""What a browser may tell the socket."""

_INLINE: Final = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


class OnlyWhatIsUsed:
    """Middleware that knows the used paths alone.

    Args:
        app: The frame.
        has_oauth: Whether people log in by OAuth.
    """

    def __init__(self, app: ASGIApp, *, has_oauth: bool) -> None:
        self._app = app
        more = {"GET": _OAUTH, "POST": _OAUTH} if has_oauth else {}
        self._used = {
            method: re.compile("|".join((*paths, *more.get(method, ()), SOCKET)))
            for method, paths in USED.items()
        }
        self._socket = re.compile(SOCKET)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve what is used, and know nothing else."""
        if scope["type"] == "http" and not self._is_used(scope):
            await PlainTextResponse("There is no such page.", 404)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _is_used(self, scope: Scope) -> bool:
        path = scope["path"].removeprefix(scope.get("root_path", "")) or "/"
        used = self._used.get(scope["method"])
        return used is not None and used.fullmatch(path) is not None


class OwnScripts:
    """Middleware under which a page's inline scripts run because of their text, and no others.

    Args:
        app: What serves pages.
        policy: A content security policy with `{scripts}` where their hashes belong.
    """

    def __init__(self, app: ASGIApp, *, policy: str) -> None:
        self._app = app
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve; a page waits until it is whole, for its policy stands before it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        held: list[Message] = []

        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    held.append(message)
                    return
                headers.setdefault("Content-Security-Policy", self._policy.format(scripts=""))
            elif held:
                held.append(message)
                if not message.get("more_body"):
                    for one in self._whole(held):
                        await send(one)
                    held.clear()
                return
            await send(message)

        await self._app(scope, receive, with_policy)

    def _whole(self, held: list[Message]) -> Iterable[Message]:
        body = b"".join(one.get("body", b"") for one in held[1:])
        headers = MutableHeaders(scope=held[0])
        is_packed = headers.get("content-encoding") == "gzip"
        hashes = {
            base64.b64encode(hashlib.sha256(script).digest()).decode()
            for script in _INLINE.findall(gzip.decompress(body) if is_packed else body)
        }
        scripts = " ".join(f"'sha256-{one}'" for one in sorted(hashes))
        headers.setdefault("Content-Security-Policy", self._policy.format(scripts=scripts))
        yield held[0]
        yield {"type": "http.response.body", "body": body}


def forget_unused_events(sio: Any) -> None:
    """Take out what a browser has no reason to tell."""
    for name in set(sio.handlers["/"]) - set(EVENTS):
        del sio.handlers["/"][name]
