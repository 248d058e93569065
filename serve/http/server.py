"""From start to end of `omnipersona serve`: the session is opened, served, and closed politely.

Knows the order and who may be let in at all. Does not know what is served (`app`).
"""

import asyncio
import logging
import socket
from collections.abc import Callable

import uvicorn

from omnipersona.accounts.keys import ApiKeys
from omnipersona.agent.assistant import Assistant
from omnipersona.agent.settings import Settings
from omnipersona.serve.address import LOOPBACK, listen
from omnipersona.serve.graceful import polite_server, stop_on_signals
from omnipersona.serve.http.app import build_app
from omnipersona.serve.http.app_state import AppState

logger = logging.getLogger(__name__)

Tell = Callable[[str], None]
"""Says something to whoever started the server."""


class CannotServe(Exception):
    """Everybody or nobody could come in; the text says what to do."""


def serve(settings: Settings, tell: Tell) -> None:
    """Serve until Ctrl+C.

    Raises:
        CannotServe: Whoever reaches the address could use it.
        OSError: The address is taken or refused.
        StoreError: The data folder cannot be used.
        ModelError: The model cannot be loaded.
    """
    tell(check_keys(settings))
    asyncio.run(_open_and_serve(settings, tell))


def check_keys(settings: Settings) -> str:
    """Return who may come in, in a sentence.

    Raises: CannotServe: nobody has a key, or the keys cannot be read.
    """
    try:
        names = ApiKeys(settings.data).names()
    except (OSError, ValueError) as error:
        raise CannotServe(f"The keys cannot be read: {error}") from error
    if names:
        return f"Keys are needed; there are some for {', '.join(names)}."
    if settings.api_host not in LOOPBACK:
        raise CannotServe(
            f"Whoever reaches {settings.api_host} could use this server. Make a key for "
            "everybody who may: omnipersona keys add NAME"
        )
    return (
        f"Nobody has a key, so every program of this machine speaks as {settings.user}. "
        "Make keys: omnipersona keys add NAME"
    )


async def _open_and_serve(settings: Settings, tell: Tell) -> None:
    with listen(settings.api_host, settings.api_port, "serve") as listener:
        tell(f"Loading {settings.model} ...")
        session = await Assistant.open(settings)
        where = f"http://{settings.api_host}:{settings.api_port}"
        tell(f"OmniPersona is at {where}/v1, described at {where}/docs (Ctrl+C stops it)")
        app_state = AppState(session, settings)
        server = make_server(app_state)
        stop_on_signals(server)
        await serve_door(app_state, server, listener)


def make_server(app_state: AppState) -> uvicorn.Server:
    """Return a server that serves what is behind a door, once it is told to."""
    return polite_server(build_app(app_state))


async def serve_door(app_state: AppState, server: uvicorn.Server, listener: socket.socket) -> None:
    """Serve until stopped, then close the session; learning goes on at the next start."""
    starting = asyncio.create_task(_get_ready(app_state))
    try:
        await server.serve(sockets=[listener])
    finally:
        starting.cancel()
        await asyncio.wait([starting])
        await app_state.close()
        await app_state.session.close()


async def _get_ready(app_state: AppState) -> None:
    """Load what the first question needs, and learn what other weights had learned."""
    try:
        await app_state.session.warm_up()
        await app_state.learn_anew()
    except Exception:
        logger.exception("the server could not get ready ahead of the first request")
