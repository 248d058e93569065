"""Is it alive, is it ready, and what was counted, for whoever keeps the server running."""

import asyncio
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from omnipersona.agent.errors import TURN_ERRORS
from omnipersona.agent.stores import look
from omnipersona.serve.http.access import METRICS
from omnipersona.serve.http.app_state import TheAppState
from omnipersona.serve.http.metrics import MEDIA_TYPE

router = APIRouter(tags=["server"])

_PATIENCE: Final = 5.0


@router.get("/health")
async def health() -> dict[str, str]:
    """Say that the server is alive."""
    return {"status": "alive"}


@router.get("/ready", responses={503: {"description": "The stores do not answer."}})
async def ready(app_state: TheAppState) -> Response:
    """Say whether the model is loaded and the parts of a turn work: writing, searching, states."""
    session, user = app_state.session, app_state.settings.user
    content: dict[str, Any] = {"status": "ready", "model": session.describe().name}
    try:
        async with asyncio.timeout(_PATIENCE):
            await session.try_parts(user)
            stores = await asyncio.to_thread(lambda: list(look(app_state.settings)))
        is_ready = all(is_well for _, is_well, _ in stores)
    except (*TURN_ERRORS, TimeoutError):
        is_ready = False
    if not is_ready:
        return JSONResponse({"status": "not ready"}, 503)
    return JSONResponse(content)


@router.get(METRICS, response_class=Response)
async def metrics(app_state: TheAppState) -> Response:
    """Return what was counted, in Prometheus' form."""
    return Response(app_state.metrics.text(app_state.learning()), media_type=MEDIA_TYPE)
