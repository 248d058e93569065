"""Learning in the background, watched and stopped, `/v1/jobs`."""

from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from omnipersona.agent.errors import EXPECTED_ERRORS
from omnipersona.agent.events import LearnStatus
from omnipersona.serve.http.access import NEEDS_KEY, Caller
from omnipersona.serve.http.answers import job_view
from omnipersona.serve.http.app_state import AppState, TheAppState
from omnipersona.serve.http.event_stream import END, EventStream, line
from omnipersona.serve.http.problems import Problem

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], dependencies=[NEEDS_KEY])


@router.get("")
async def list_jobs(app_state: TheAppState, user: Caller) -> dict[str, Any]:
    """List the learning jobs since the server started, oldest first."""
    jobs = app_state.session.learn_status(user)
    return {"object": "list", "data": [job_view(status) for status in jobs]}


@router.get("/{job_id}")
async def show_job(job_id: str, app_state: TheAppState, user: Caller) -> dict[str, Any]:
    """Say how far a job is."""
    return job_view(await _job(app_state, user, job_id))


@router.post("/{job_id}/cancel")
async def cancel_job(job_id: str, app_state: TheAppState, user: Caller) -> dict[str, Any]:
    """Stop a job before its next step; what was learned before stays in use."""
    await _job(app_state, user, job_id)
    return job_view(await app_state.session.cancel_learning(user, job_id))


@router.get(
    "/{job_id}/events",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def watch_job(job_id: str, app_state: TheAppState, user: Caller) -> Response:
    """Tell of a job, now and at every change, until it has ended."""
    await _job(app_state, user, job_id)
    return EventStream(_lines(app_state, user, job_id), lambda: None)


async def _job(app_state: AppState, user: str, job_id: str) -> LearnStatus:
    try:
        return await app_state.session.find_learning(user, job_id)
    except EXPECTED_ERRORS as error:
        raise Problem(404, str(error), param="job_id", code="not_found") from error


async def _lines(app_state: AppState, user: str, job_id: str) -> AsyncIterator[str]:
    try:
        async for status in app_state.session.watch_learning(user, job_id):
            yield line(job_view(status))
    except EXPECTED_ERRORS:
        pass
    yield END
