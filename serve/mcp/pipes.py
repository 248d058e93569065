"""Run the protocol's server over this process's own pipes.

Knows pipes. Does not know tools (`server`); over HTTP it is an address of `serve/http`.
"""

from mcp.server.stdio import stdio_server

from omnipersona.agent.assistant import Assistant
from omnipersona.agent.settings import Settings
from omnipersona.serve.mcp.server import build_server


async def serve_pipes(settings: Settings) -> None:
    """Serve one user over standard input and output, until input ends.

    Raises: StoreError, ModelError: the data folder or the model cannot be used.
    """
    session = await Assistant.open(settings)
    try:
        server = build_server(session, lambda _: settings.user)
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())
    finally:
        await session.close()
