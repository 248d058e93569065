"""The graph for LangGraph's own server, which brings checkpoints and calls the factory per run.

Pictures are kept and fetched beside the runs, since a state holds their ids alone. One session
serves the process for as long as it lives. Whoever may call the server may name any user, in a
run's context as in an address: who may call is the server's to say.
"""

import asyncio
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from omnipersona.agent.assistant import Assistant
from omnipersona.agent.errors import EXPECTED_ERRORS
from omnipersona.agent.settings import load_settings
from omnipersona.serve.http.access import MAX_BODY

_opening: asyncio.Task[Assistant] | None = None


async def make_graph() -> Any:
    """Return the graph of a turn, without a checkpointer: the server has its own.

    Raises: StoreError, ModelError: the data folder or the model cannot be used.
    """
    return (await _session()).graph().compile()


async def keep_picture(request: Request) -> Response:
    """Keep the body, a picture file; answer with the id that a run's `picture_ids` take."""
    session, user = await _session(), request.path_params["user"]
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            return JSONResponse({"error": f"At most {MAX_BODY} bytes are read."}, 413)
    try:
        picture_id = await session.keep_picture(user, bytes(body))
    except EXPECTED_ERRORS as error:
        return JSONResponse({"error": str(error)}, 400)
    return JSONResponse({"id": picture_id})


async def show_picture(request: Request) -> Response:
    """Answer with a picture's PNG bytes."""
    user, picture_id = request.path_params["user"], request.path_params["picture_id"]
    try:
        png = await (await _session()).picture(user, picture_id)
    except EXPECTED_ERRORS as error:
        return JSONResponse({"error": str(error)}, 404)
    return Response(png, media_type="image/png")


app = Starlette(
    routes=[
        Route("/users/{user}/pictures", keep_picture, methods=["POST"]),
        Route("/users/{user}/pictures/{picture_id}", show_picture),
    ]
)
"""Routes of ours beside those of the server."""


async def _session() -> Assistant:
    global _opening
    if _opening is None or (_opening.done() and _opening.exception()):
        _opening = asyncio.create_task(_open())
    return await asyncio.shield(_opening)


async def _open() -> Assistant:
    return await Assistant.open(await asyncio.to_thread(load_settings))
