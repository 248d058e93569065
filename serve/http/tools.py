"""The tools of the Model Context Protocol as one address, `/mcp`.

A session belongs to the user whose key began it; to others it is unknown. Knows how the protocol
travels over HTTP. Does not know the tools.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from omnipersona.serve.http.access import MAX_BODY, user_behind
from omnipersona.serve.http.app_state import AppState
from omnipersona.serve.mcp.server import build_server

TOOLS: Final = "/mcp"


class ToolsAddress:
    """What answers at the address, while `running`."""

    def __init__(self, app_state: AppState) -> None:
        """Offer the tools behind a door."""
        server = build_server(app_state.session, user_behind)
        self._manager = StreamableHTTPSessionManager(server, max_request_body_size=MAX_BODY)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        user_id = user_behind(Request(scope))
        # The protocol's library binds a session to whom it finds here.
        token = AccessToken(token=user_id, client_id=user_id, scopes=[])
        owned = {**scope, "user": AuthenticatedUser(token)}
        await self._manager.handle_request(owned, receive, send)

    @asynccontextmanager
    async def running(self, _: FastAPI) -> AsyncIterator[None]:
        """Be ready for requests, as an application's lifespan."""
        async with self._manager.run():
            yield

    def route(self) -> Route:
        """Return the address as a route."""
        return Route(TOOLS, self, include_in_schema=False)
