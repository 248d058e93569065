"""The graph for LangGraph's own server, which brings checkpoints and calls the factory per run.

One session serves all runs of the process, for as long as it lives. Knows how the server asks for
a graph. Does not know what is in it.
"""

import asyncio
from typing import Any

from omnipersona.agent.runtime import Session
from omnipersona.agent.settings import load_settings

_opening: asyncio.Task[Session] | None = None


async def make_graph() -> Any:
    """Return the graph of a turn, without a checkpointer: the server has its own.

    Raises: MemoryStoreError, ModelError: the data folder or the model cannot be used.
    """
    global _opening
    if _opening is None or (_opening.done() and _opening.exception()):
        _opening = asyncio.create_task(_open())
    session = await asyncio.shield(_opening)
    return session.graph().compile()


async def _open() -> Session:
    return await Session.open(await asyncio.to_thread(load_settings))
