"""Server-sent events that have no time limit and stop what they tell of when the client goes."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

PATIENCE: Final = 15.0
STILL_THERE: Final = ": still there\n\n"
"""A comment that keeps proxies from closing a stream; sent after `PATIENCE` seconds of silence."""
END: Final = "data: [DONE]\n\n"


def line(data: dict[str, Any]) -> str:
    """Return one event."""
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"


class EventStream(StreamingResponse):
    """A response of events; `on_end` is called however it ends, even before its first byte."""

    media_type = "text/event-stream"

    def __init__(self, lines: AsyncIterator[str], on_end: Callable[[], None]) -> None:
        """Keep the lines to send."""
        super().__init__(lines, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._on_end()
