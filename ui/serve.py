"""Start the web page: open the session, make the page's folder, serve until stopped.

Knows the order: the data folder is locked before the page's files in it are touched, and the chat
frame reads its folder when it is imported. Does not know what the page does (`app`).
"""

import asyncio
import logging
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from omnipersona.ui.commands.command_line import fail
from omnipersona.ui.guard import LOOPBACK
from omnipersona.ui.history.secret import signing_secret
from omnipersona.ui.login.allowed import NoLogin, allowed_names
from omnipersona.ui.login.passwords import Logins
from omnipersona.ui.page.root import make_root

if TYPE_CHECKING:
    import uvicorn

    from omnipersona.agent.runtime import Session
    from omnipersona.agent.settings import Settings

PAGE_FOLDER: Final = "page"
_APP: Final = Path(__file__).with_name("app.py")
_SHUTDOWN_SECONDS: Final = 3


def serve(settings: "Settings", *, headless: bool = False) -> None:
    """Serve the page until Ctrl+C; the process ends here.

    Args:
        settings: Model, data folder, user, host and port.
        headless: Do not open a browser.

    Raises:
        typer.Exit: the address is taken or refused, the page's files cannot be written, or nobody
            could log in.
        MemoryStoreError: the data folder cannot be used.
        ModelError: the model cannot be loaded.
    """
    check_login(settings)
    try:
        asyncio.run(_open_and_serve(settings, headless))
    except (OSError, NoLogin) as error:
        fail(str(error))


def check_login(settings: "Settings") -> None:
    """Refuse a page that everybody or nobody could use.

    Raises: typer.Exit: it has no login and listens beyond this machine, or nobody can log in.
    """
    if settings.login == "none" and settings.host not in LOOPBACK:
        fail(
            f"Whoever reaches {settings.host} could use this page. Give it a login: set "
            "OMNIPERSONA_LOGIN=password and add people with `omnipersona users add NAME`."
        )
    try:
        has_nobody = settings.login == "password" and not Logins(settings.data).names()
    except (OSError, ValueError) as error:
        fail(f"The logins cannot be read: {error}")
    if has_nobody:
        fail("Nobody has a password yet. Add someone: omnipersona users add NAME")
    if settings.login == "oauth" and not allowed_names(settings.login_allowed):
        fail(
            "Nobody may come in. Say who, with who vouches for them: "
            "OMNIPERSONA_LOGIN_ALLOWED=github:ana,google:eve@example.org"
        )


async def _open_and_serve(settings: "Settings", headless: bool) -> None:
    from omnipersona.agent.runtime import Session

    with listen(settings.host, settings.port) as listener:
        typer.echo(f"Loading {settings.model} ...", err=True)
        session = await Session.open(settings)
        await serve_session(settings, session, listener, headless=headless)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises: OSError: the address is taken or refused; the message says what to do.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise OSError(
            f"The page cannot listen on {host} port {port}: {error.strerror or error}. "
            f"Choose another port: omnipersona chat --port {port + 1}"
        ) from error


async def serve_session(
    settings: "Settings", session: "Session", listener: socket.socket, *, headless: bool
) -> None:
    """Serve an open session, then close it and end the process."""
    from omnipersona.ui import assistant

    assistant.hold(session, settings)
    warming = asyncio.create_task(session.warm_up())
    try:
        server = _load_page(settings, headless)
        where = "localhost" if settings.host == "127.0.0.1" else settings.host
        typer.echo(f"OmniPersona is at http://{where}:{settings.port} (Ctrl+C stops it)", err=True)
        await server.serve(sockets=[listener])
    finally:
        warming.cancel()
        await assistant.close()


def _make_root(folder: Path, settings: "Settings") -> Path:
    has_login = settings.login != "none"
    return make_root(folder, settings.host, settings.port, has_login=has_login)


def _load_page(settings: "Settings", headless: bool) -> "uvicorn.Server":
    """Make the page's folder, load the chat frame on it, and the handlers into the frame."""
    folder = (settings.data / PAGE_FOLDER).resolve()
    os.environ["CHAINLIT_APP_ROOT"] = str(_make_root(folder, settings))
    os.environ["CHAINLIT_AUTH_SECRET"] = signing_secret(settings.data)
    # Imported now, not at the top: the frame reads its folder when it is imported.
    import uvicorn
    from chainlit.config import config, load_module

    logging.getLogger("chainlit").setLevel(logging.ERROR)
    config.run.host, config.run.port = settings.host, settings.port
    config.run.headless = headless
    # The frame's page knows "system", its settings do not.
    config.ui.default_theme = "system"
    from chainlit.server import app

    load_module(str(_APP))
    return uvicorn.Server(
        uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=_SHUTDOWN_SECONDS)
    )
