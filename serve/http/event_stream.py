"""Server-sent events that have no time limit and stop what they tell of when the client goes."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.types import Receive, Scope, Send

from omnipersona.serve.graceful import SHUTDOWN_SECONDS

PATIENCE: Final = 15.0
"""Seconds between two comments that keep proxies from closing a stream."""
END: Final = "[DONE]"
_SEP: Final = "\n"


def line(data: dict[str, Any]) -> str:
    """Return what one event tells."""
    return json.dumps(data, ensure_ascii=False)


class EventStream(EventSourceResponse):
    """A response of events; `on_end` is called however it ends, even before its first byte."""

    def __init__(self, lines: AsyncIterator[str], on_end: Callable[[], None]) -> None:
        """Keep the lines to send."""
        super().__init__(
            lines,
            sep=_SEP,
            ping=PATIENCE,
            ping_message_factory=lambda: ServerSentEvent(comment="still there", sep=_SEP),
            shutdown_grace_period=SHUTDOWN_SECONDS,
        )
        # Whether a connection is kept alive is the server's to say.
        del self.headers["Connection"]
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            # The library's own hook is called only where the client goes while events are sent.
            self._on_end()
