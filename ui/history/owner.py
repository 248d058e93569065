"""Who a request or a socket of the page belongs to, for everything that is served meanwhile.

One middleware reads it from the login cookie, whatever the path and the protocol; handlers run in
tasks that inherit it. Nothing else of the page says whose a record is. Knows cookies of the frame.
Does not know records.
"""

from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any, Final

from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

_OWNER: Final[ContextVar[str | None]] = ContextVar("owner", default=None)


class NoOwner(PermissionError):
    """Something of the page reads or writes without a login; it is refused."""


class OwnerOfRequest:
    """Notes whose a request or a socket is.

    Args:
        app: What is served.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve with the owner in place."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        token = _OWNER.set(await _logged_in(scope["headers"]))
        try:
            await self.app(scope, receive, send)
        finally:
            _OWNER.reset(token)


def current_owner() -> str:
    """Return whose request or socket is being served.

    Raises: NoOwner: nobody is logged in.
    """
    owner = _OWNER.get()
    if owner is None:
        raise NoOwner("Nobody is logged in.")
    return owner


async def _logged_in(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    from chainlit.auth import get_current_user, get_token_from_cookies

    cookies: dict[str, Any] = {}
    for name, value in headers:
        if name == b"cookie":
            cookies |= cookie_parser(value.decode("latin-1"))
    token = get_token_from_cookies(cookies)
    if not token:
        return None
    try:
        user = await get_current_user(token=token)
    except Exception:  # noqa: BLE001  # a cookie that is none of ours logs nobody in
        return None
    return None if user is None else str(user.identifier)
