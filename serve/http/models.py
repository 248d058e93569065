"""The one model that this server runs, `GET /v1/models`."""

from typing import Any

from fastapi import APIRouter

from omnipersona.serve.http.access import NEEDS_KEY, Caller
from omnipersona.serve.http.app_state import AppState, TheAppState

router = APIRouter(tags=["models"], dependencies=[NEEDS_KEY])


@router.get("/v1/models")
async def list_models(app_state: TheAppState, _: Caller) -> dict[str, Any]:
    """Return the model's name."""
    return {"object": "list", "data": [_view(app_state)]}


@router.get("/v1/models/{model}")
async def show_model(model: str, app_state: TheAppState, _: Caller) -> dict[str, Any]:
    """Return what the model is and can hold."""
    app_state.check_model(model)
    return _view(app_state)


def _view(app_state: AppState) -> dict[str, Any]:
    info = app_state.session.describe()
    return {
        "id": info.name,
        "object": "model",
        "created": 0,
        "owned_by": "omnipersona",
        "omnipersona": {
            "fingerprint": info.fingerprint,
            "sizes": [f"{info.image_size}x{info.image_size}"],
            "steps": info.num_steps,
            "can_think": info.abilities.thinks,
            "world": info.world,
        },
    }
