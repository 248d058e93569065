"""Logging in at somebody else's: who is on the list comes in, all others do not."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

pytestmark = pytest.mark.slow

SERVER = str(Path(__file__).with_name("page_server.py"))


class Village:
    """A provider that vouches for whoever is said to sit at the browser."""

    def __init__(self) -> None:
        self.who = "ana"
        app = web.Application()
        app.router.add_post("/token", self._token)
        app.router.add_get("/user", self._user)
        self.server = TestServer(app)

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert form["client_secret"] == "a secret"
        return web.json_response({"access_token": form["code"]})

    async def _user(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer the code"
        return web.json_response({"name": self.who})


@pytest.fixture
async def village() -> AsyncIterator[Village]:
    made = Village()
    await made.server.start_server()
    yield made
    await made.server.close()


async def come_in(page: str) -> str:
    """Go through the provider as a browser would; return where the page leads in the end."""
    # Cookies of a page on a number, without HTTPS.
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as http:
        async with http.get(f"{page}/auth/oauth/village", allow_redirects=False) as response:
            asked = parse_qs(urlsplit(response.headers["Location"]).query)
        assert asked["redirect_uri"] == [f"{page}/auth/oauth/village/callback"]
        query = {"code": "the code", "state": asked["state"][0]}
        where = f"{page}/auth/oauth/village/callback"
        async with http.get(where, params=query, allow_redirects=False) as response:
            leads_to = response.headers["Location"]
        async with http.get(f"{page}/user") as response:
            who = (await response.json())["identifier"] if response.status == 200 else ""
    return who or leads_to


async def test_only_who_is_on_the_list_comes_in(
    start_page: Callable[..., str], village: Village
) -> None:
    provider = str(village.server.make_url("")).rstrip("/")
    env = {
        "OAUTH_GENERIC_NAME": "village",
        "OAUTH_GENERIC_CLIENT_ID": "page",
        "OAUTH_GENERIC_CLIENT_SECRET": "a secret",
        "OAUTH_GENERIC_AUTH_URL": f"{provider}/login",
        "OAUTH_GENERIC_TOKEN_URL": f"{provider}/token",
        "OAUTH_GENERIC_USER_INFO_URL": f"{provider}/user",
        "OAUTH_GENERIC_SCOPES": "name",
        "OAUTH_GENERIC_USER_IDENTIFIER": "name",
    }
    page = start_page([SERVER, "{data}", "{port}", "oauth"], env)
    assert await come_in(page) == "village:ana"
    village.who = "eve"
    assert "error=oauthSignin" in await come_in(page)
