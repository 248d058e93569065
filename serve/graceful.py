"""A server that ends politely: answers are finished, then whoever opened the session closes it.

Knows signals and uvicorn. Does not know what is served.
"""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import uvicorn

if TYPE_CHECKING:
    from starlette.types import ASGIApp

SHUTDOWN_SECONDS: Final = 3
"""For how long answers may go on when the server is to end."""


class _Server(uvicorn.Server):
    """A server that leaves signals alone: it would end the process before the session is closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing."""
        yield


def polite_server(app: "ASGIApp", *, has_sockets: bool = False) -> uvicorn.Server:
    """Return a server that serves an application, once it is told to.

    Args:
        app: The application.
        has_sockets: It speaks over web sockets, too.
    """
    config = uvicorn.Config(
        app,
        log_level="error",
        server_header=False,
        # Whoever believes a proxy says so itself; here a peer is who it is.
        proxy_headers=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        ws="auto" if has_sockets else "none",
    )
    return _Server(config)


def stop_on_signals(server: uvicorn.Server) -> None:
    """End a server politely on Ctrl+C and SIGTERM; call it in the main thread's loop."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.handle_exit, number, None)
