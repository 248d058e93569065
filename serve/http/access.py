"""Who asks: the key in the Authorization header, before anything of a body is read.

Knows which addresses need a key, how large a body may be and how often one may ask. What is served
is not its affair.
"""

import math
from typing import Annotated, Final

from fastapi import Depends
from fastapi.security import HTTPBearer
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from omnipersona.serve.http.app_state import AppState
from omnipersona.serve.http.problems import Problem

MAX_BODY: Final = 64 * 2**20
METRICS: Final = "/metrics"
_KEPT: Final = ("/v1/", "/mcp")
_SCHEME: Final = "bearer "
_USER: Final = "omnipersona_user"

NEEDS_KEY: Final = Depends(
    HTTPBearer(auto_error=False, scheme_name="key", description="Made by `omnipersona keys add`.")
)
"""Says in the schema that a route needs a key; the gate has looked at it by then."""


class Gate:
    """Middleware that lets in who may come in, as often as they may."""

    def __init__(self, app: ASGIApp, *, app_state: AppState) -> None:
        """Wrap an application."""
        self._app = app
        self._door = app_state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, or refuse, one request."""
        if scope["type"] == "http":
            try:
                self._check(scope)
            except Problem as problem:
                await problem.response()(scope, receive, send)
                return
        await self._app(scope, _bounded(receive), send)

    def _check(self, scope: Scope) -> None:
        headers, path = Headers(scope=scope), scope["path"]
        is_kept = path.startswith(_KEPT)
        if is_kept or (path == METRICS and not self._door.is_local):
            user = self._door.user_of(_key(headers))
            if user is None:
                raise Problem(
                    401,
                    "This needs a key of this server, as Authorization: Bearer KEY. "
                    "Whoever runs it makes one: omnipersona keys add NAME",
                    code="invalid_api_key",
                    headers={"WWW-Authenticate": "Bearer"},
                )
            scope[_USER] = user
            if is_kept:
                self._slow_down(user)
        _check_length(headers)

    def _slow_down(self, user: str) -> None:
        wait = self._door.pace.wait(user)
        if wait > 0:
            raise Problem(
                429,
                f"{self._door.settings.api_rate} requests per minute may be made with one key. "
                f"The next one may come in {math.ceil(wait)} s.",
                code="rate_limit_exceeded",
                headers={"Retry-After": str(math.ceil(wait))},
            )


def _key(headers: Headers) -> str | None:
    value = headers.get("authorization", "")
    return value[len(_SCHEME) :].strip() if value.lower().startswith(_SCHEME) else None


def _check_length(headers: Headers) -> None:
    length = headers.get("content-length", "0")
    if length.isdecimal() and int(length) > MAX_BODY:
        raise Problem(
            413,
            f"The body has {length} bytes; at most {MAX_BODY} are read. Send fewer pictures.",
            param="body",
            code="too_large",
        )


def _bounded(receive: Receive) -> Receive:
    """Return a `receive` that ends where a body, of whatever stated length, is too large."""
    total = 0

    async def counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > MAX_BODY:
            # The framework passes on its own error alone while it reads a body.
            raise HTTPException(413)
        return message

    return counted


def user_behind(request: Request) -> str:
    """Return the user whose key came with a request."""
    user: str = request.scope[_USER]
    return user


Caller = Annotated[str, Depends(user_behind)]
"""The user whose key came with the request; never what its body says."""
