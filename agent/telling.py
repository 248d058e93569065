"""What a node tells while it runs, sent to the graph's stream from any thread."""

import asyncio
from collections.abc import Callable

from langgraph.runtime import Runtime

from omnipersona.agent.context import Context
from omnipersona.agent.events import DrawProgress, LearningStarted, TextDelta, ThoughtDelta

Told = TextDelta | ThoughtDelta | DrawProgress | LearningStarted
"""What a node may tell while it runs."""


def teller(runtime: Runtime[Context]) -> Callable[[Told], None]:
    """Return a function that sends an event to the stream from any thread; call it in the loop."""
    loop = asyncio.get_running_loop()

    def tell(event: Told) -> None:
        loop.call_soon_threadsafe(runtime.stream_writer, event)

    return tell
