"""The tools of the Model Context Protocol as one address, `/mcp`.

Every request stands for itself, so that what one key began no other can go on with. Knows how the
protocol travels over HTTP. Does not know the tools.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
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
        self._manager = StreamableHTTPSessionManager(
            server, stateless=True, max_request_body_size=MAX_BODY
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._manager.handle_request(scope, receive, send)

    @asynccontextmanager
    async def running(self, _: FastAPI) -> AsyncIterator[None]:
        """Be ready for requests, as an application's lifespan."""
        async with self._manager.run():
            yield

    def route(self) -> Route:
        """Return the address as a route."""
        return Route(TOOLS, self, include_in_schema=False)
