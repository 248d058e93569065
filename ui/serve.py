"""Start the web page: open the session, make the page's folder, serve until stopped.

Knows the order: the data folder is locked before the page's files in it are touched, and the chat
frame reads its folder when it is imported. Does not know what the page does (`app`).
"""

import asyncio
from typing import TYPE_CHECKING

import typer

from omnipersona.accounts.passwords import Logins
from omnipersona.serve.address import LOOPBACK, listen
from omnipersona.ui.commands.command_line import fail
from omnipersona.ui.login.allowed import NoLogin, allowed_names

if TYPE_CHECKING:
    import socket

    import uvicorn

    from omnipersona.agent.assistant import Assistant
    from omnipersona.agent.settings import Settings


def serve(settings: "Settings", *, headless: bool = False) -> None:
    """Serve the page until Ctrl+C; the process ends here.

    Args:
        settings: Model, data folder, user, host and port.
        headless: Do not open a browser.

    Raises:
        typer.Exit: the address is taken or refused, the page's files cannot be written, or nobody
            could log in.
        StoreError: the data folder cannot be used.
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
    from omnipersona.agent.assistant import Assistant

    with listen(settings.host, settings.port) as listener:
        typer.echo(f"Loading {settings.model} ...", err=True)
        session = await Assistant.open(settings)
        await serve_session(settings, session, listener, headless=headless)


async def serve_session(
    settings: "Settings", session: "Assistant", listener: "socket.socket", *, headless: bool
) -> None:
    """Serve an open session, then close it and end the process."""
    from omnipersona.serve.graceful import stop_on_signals
    from omnipersona.ui import page_state

    page_state.hold(session, settings)
    warming = asyncio.create_task(session.warm_up())
    try:
        server = _load_page(settings, headless)
        where = "localhost" if settings.host == "127.0.0.1" else settings.host
        typer.echo(f"OmniPersona is at http://{where}:{settings.port} (Ctrl+C stops it)", err=True)
        stop_on_signals(server)
        await server.serve(sockets=[listener])
    finally:
        warming.cancel()
        await page_state.close()


def _load_page(settings: "Settings", headless: bool) -> "uvicorn.Server":
    from omnipersona.serve.graceful import polite_server
    from omnipersona.ui.page.frame import HANDLERS, load_frame

    app = load_frame(settings)
    from chainlit.config import config, load_module

    config.run.host, config.run.port = settings.host, settings.port
    config.run.headless = headless
    load_module(str(HANDLERS))
    return polite_server(app, has_sockets=True)
