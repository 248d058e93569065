"""The chat frame's ways to let someone in, by setting.

Knows the frame. Does not know how passwords are kept.
"""

import asyncio
from typing import Annotated, Final

import chainlit as cl
from chainlit.auth import get_current_user
from chainlit.oauth_providers import get_configured_oauth_providers
from fastapi import Depends, HTTPException
from starlette.datastructures import Headers

from omnipersona.agent.users import is_usable_user
from omnipersona.ui.login.allowed import NoLogin, allowed_names
from omnipersona.ui.page_state import page_state

_NO_PROVIDER: Final = (
    "No OAuth provider is set. Name its client, for instance in OAUTH_GITHUB_CLIENT_ID and "
    "OAUTH_GITHUB_CLIENT_SECRET."
)


def register_login() -> None:
    """Tell the frame how this page lets people in."""
    settings = page_state().settings
    if settings.login == "password":
        cl.password_auth_callback(_by_password)
    elif settings.login == "header":
        cl.header_auth_callback(_by_header)
    elif settings.login == "oauth":
        if not get_configured_oauth_providers():
            raise NoLogin(_NO_PROVIDER)
        cl.oauth_callback(_by_oauth)
    else:
        cl.header_auth_callback(_as_the_one_user)


def current_user() -> str:
    """Return whose chat this is; from the login, never from a message."""
    user = cl.context.session.user
    assert user is not None, "the frame lets nobody in without a user"
    return str(user.identifier)


def _owner(user: Annotated[cl.User | None, Depends(get_current_user)]) -> str:
    if user is None:
        raise HTTPException(401)
    return str(user.identifier)


Owner = Annotated[str, Depends(_owner)]
"""Who asks for an address of the page; those who are not logged in are refused."""


async def _as_the_one_user(_: Headers) -> cl.User:
    """Let everybody in as the page's one user: it listens on this machine alone."""
    return cl.User(identifier=page_state().settings.user)


async def _by_header(headers: Headers) -> cl.User | None:
    """Trust the name that a proxy before this page has checked."""
    name = headers.get(page_state().settings.login_header, "")
    return cl.User(identifier=name) if is_usable_user(name) else None


async def _by_oauth(
    provider: str, _token: str, _data: dict[str, str], found: cl.User, _id_token: str | None = None
) -> cl.User | None:
    """Let in who is allowed to; a name counts together with who vouches for it."""
    name = f"{provider}:{found.identifier}"
    is_allowed = name in allowed_names(page_state().settings.login_allowed)
    return cl.User(identifier=name) if is_allowed and is_usable_user(name) else None


async def _by_password(name: str, password: str) -> cl.User | None:
    """Let in who knows the password of a name."""
    logins = page_state().logins
    is_right = is_usable_user(name) and await asyncio.to_thread(logins.accepts, name, password)
    return cl.User(identifier=name) if is_right else None
