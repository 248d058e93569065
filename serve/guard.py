"""A page talks to itself only: no foreign site may use it, and it may load nothing foreign.

What is open without a login must refuse what other sites let a browser send to this machine. Knows
HTTP headers. Does not know what is served.
"""

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from omnipersona.accounts.proxies import ANYBODY, is_among, networks
from omnipersona.serve.address import LOOPBACK

# The chat frame compiles its own elements in the browser, which needs 'unsafe-eval', and sets
# styles by script; which inline scripts run is said by their hashes.
PAGE_POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-eval' {scripts}",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_LOCAL: Final = networks("127.0.0.0/8, ::1")
_FORWARDED: Final = ("forwarded", "x-forwarded-for")
_HEADERS: Final = {"Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff"}
_NO_PROXY: Final = (
    "This page answers its proxies alone, and {} is none of them. OMNIPERSONA_PROXIES lists them."
)
_REFUSAL: Final = PlainTextResponse("This page serves itself only.", 403)


class OwnPageOnly:
    """Middleware that refuses requests of other sites and forbids foreign loads.

    A request passes when it names no origin or the page's own. What is open to whoever reaches it
    must also be reached from this machine, by a loopback name and through no proxy: no foreign
    name can be pointed here. What believes its proxies answers them alone.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        is_open: bool,
        proxies: str = ANYBODY,
        policy: str = PAGE_POLICY.format(scripts=""),
        refusal: ASGIApp = _REFUSAL,
    ) -> None:
        """Wrap an application.

        Args:
            app: What is served.
            is_open: It asks for no login and no key.
            proxies: Addresses and networks of those who are answered at all.
            policy: What its pages may load.
            refusal: Answers a request of another site.
        """
        self._app = app
        self._is_open = is_open
        self._proxies = networks(proxies)
        self._headers = {**_HEADERS, "Content-Security-Policy": policy}
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, or refuse, one request or socket."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        address = scope["client"][0] if scope.get("client") else None
        refusal: ASGIApp | None = None
        if not is_among(address, self._proxies):
            refusal = PlainTextResponse(_NO_PROXY.format(address), 403)
        elif not self._is_own(Headers(scope=scope), address):
            refusal = self._refusal
        if refusal is None:
            await self._app(scope, receive, self._guarded(send))
        elif scope["type"] == "websocket":
            await WebSocketClose(code=1008)(scope, receive, send)
        else:
            await refusal(scope, receive, send)

    def _is_own(self, headers: Headers, address: str | None) -> bool:
        host, origin = headers.get("host", ""), headers.get("origin")
        try:
            name = urlsplit(f"//{host}").hostname
            is_same = origin is None or urlsplit(origin).netloc == host
        except ValueError:
            return False
        is_forwarded = any(header in headers for header in _FORWARDED)
        is_here = name in LOOPBACK and is_among(address, _LOCAL) and not is_forwarded
        return is_same and (is_here or not self._is_open)

    def _guarded(self, send: Send) -> Send:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        return with_headers
