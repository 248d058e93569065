"""Facts of a concept, or of the user under the name `me`, `/v1/concepts/{name}/facts`."""

from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from omnipersona.agent.errors import EXPECTED_ERRORS
from omnipersona.serve.http.access import NEEDS_KEY, Caller
from omnipersona.serve.http.app_state import AppState, TheAppState
from omnipersona.serve.http.concept_views import fact_view
from omnipersona.serve.http.problems import Problem, problem_of_error

if TYPE_CHECKING:
    from omnipersona.tools.concept_service import KnownFact

router = APIRouter(prefix="/v1/concepts/{name}/facts", tags=["facts"], dependencies=[NEEDS_KEY])

ME: Final = "me"
"""No concept can have this name."""


class Value(BaseModel):
    """What an attribute is."""

    model_config = ConfigDict(extra="forbid")

    value: Annotated[str, Field(min_length=1)]


@router.get("")
async def list_facts(name: str, app_state: TheAppState, user: Caller) -> dict[str, Any]:
    """List the facts that count now."""
    facts = await _facts(app_state, user, await _concept_id(app_state, user, name))
    return {"object": "list", "data": [fact_view(fact) for fact in facts]}


@router.put("/{attribute}")
async def state(
    name: str, attribute: str, body: Value, app_state: TheAppState, user: Caller
) -> dict[str, Any]:
    """Say what an attribute is; what was known of it is retired."""
    concept_id = await _concept_id(app_state, user, name)
    before = {fact.fact_id for fact in await _facts(app_state, user, concept_id)}
    try:
        await app_state.session.state_fact(user, concept_id, attribute, body.value)
    except EXPECTED_ERRORS as error:
        raise problem_of_error(error, {"text": "value"}) from error
    facts = await _facts(app_state, user, concept_id)
    new = [fact for fact in facts if fact.fact_id not in before]
    same = [fact for fact in facts if fact.attribute.casefold() == attribute.strip().casefold()]
    return fact_view([*same, *new][-1])


@router.delete("/{fact_id}")
async def forget(name: str, fact_id: str, app_state: TheAppState, user: Caller) -> dict[str, Any]:
    """Delete a fact with its history."""
    facts = await _facts(app_state, user, await _concept_id(app_state, user, name))
    if fact_id not in {fact.fact_id for fact in facts}:
        raise Problem(
            404, f"There is no fact {fact_id[:40]!r} of {name}.", param="fact_id", code="not_found"
        )
    told = await app_state.session.forget_fact(user, fact_id)
    return {"id": fact_id, "object": "fact", "deleted": True, "note": told}


async def _concept_id(app_state: AppState, user: str, name: str) -> str:
    return "" if name == ME else (await app_state.session.concept_card(user, name)).concept_id


async def _facts(app_state: AppState, user: str, concept_id: str) -> "tuple[KnownFact, ...]":
    album = await app_state.session.album(user)
    if not concept_id:
        return album.own_facts
    pages = [page for page in album.pages if page.view.concept_id == concept_id]
    return pages[0].facts if pages else ()
