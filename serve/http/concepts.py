"""What the assistant knows of a user's people, pets and things, `/v1/concepts`."""

from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, File, Form, Query, UploadFile
from starlette.responses import Response

from omnipersona.agent.errors import EXPECTED_ERRORS
from omnipersona.agent.lesson import Lesson
from omnipersona.serve.http.access import NEEDS_KEY, Caller
from omnipersona.serve.http.answers import job_view
from omnipersona.serve.http.app_state import TheAppState
from omnipersona.serve.http.concept_views import concept_view, receipt_view
from omnipersona.serve.http.pictures import read_uploads
from omnipersona.serve.http.problems import Problem, problem_of_error

router = APIRouter(prefix="/v1/concepts", tags=["concepts"], dependencies=[NEEDS_KEY])

_MAX_FILE: Final = 32 * 2**20
_OF_A_LESSON: Final = {"text": "facts", "picture": "photos", "arguments": "consent"}
_OF_A_FILE: Final = {"picture": "file", "text": "file", "arguments": "consent", "": "file"}


@router.get("")
async def list_concepts(app_state: TheAppState, user: Caller) -> dict[str, Any]:
    """List the concepts, oldest first."""
    views = await app_state.session.concepts(user)
    return {"object": "list", "data": [concept_view(view) for view in views]}


@router.post("", status_code=202)
async def teach(
    app_state: TheAppState,
    user: Caller,
    name: Annotated[str, Form(min_length=1)],
    photos: Annotated[list[UploadFile], File(description="One to ten pictures of it.")],
    kind: Annotated[str | None, Form(description="Its noun, e.g. dog.")] = None,
    facts: Annotated[list[str] | None, Form(description="Sentences about it.")] = None,
    consent: Annotated[bool, Form(description="A person agrees to be learned.")] = False,
) -> dict[str, Any]:
    """Teach a concept, or more of a known one; the answer is the learning job."""
    lesson = Lesson(
        user_id=user,
        name=name,
        pictures=await read_uploads(photos, "photos"),
        kind=kind or None,
        facts=tuple(facts or ()),
        consent=consent,
    )
    try:
        return job_view(await app_state.session.teach(lesson))
    except EXPECTED_ERRORS as error:
        raise problem_of_error(error, _OF_A_LESSON) from error


@router.post("/import", status_code=201)
async def import_concept(
    app_state: TheAppState,
    user: Caller,
    name: Annotated[str, Form(min_length=1)],
    file: Annotated[UploadFile, File(description="As it was exported.")],
    kind: Annotated[str | None, Form()] = None,
    consent: Annotated[bool, Form(description="A person agrees to be known.")] = False,
) -> dict[str, Any]:
    """Add a concept from a file."""
    if (file.size or 0) > _MAX_FILE:
        message = f"The file has {file.size} bytes; at most {_MAX_FILE} are taken."
        raise Problem(413, message, param="file", code="too_large")
    try:
        data = await file.read()
        view = await app_state.session.import_concept(
            user, name, data, kind or None, consent=consent
        )
    except EXPECTED_ERRORS as error:
        raise problem_of_error(error, _OF_A_FILE) from error
    return concept_view(view)


@router.get("/{name}")
async def show(name: str, app_state: TheAppState, user: Caller) -> dict[str, Any]:
    """Return one concept."""
    return concept_view(await app_state.session.concept_card(user, name))


@router.get("/{name}/export", response_class=Response)
async def export(name: str, app_state: TheAppState, user: Caller) -> Response:
    """Return a concept as a file (ZIP): tokens, facts and small photos."""
    data = await app_state.session.export_concept(user, name)
    file = f"attachment; filename*=UTF-8''{quote(name.strip('<>'))}.zip"
    headers = {"Content-Disposition": file}
    return Response(data, media_type="application/zip", headers=headers)


@router.delete("/{name}")
async def forget(
    name: str,
    app_state: TheAppState,
    user: Caller,
    drawings: Annotated[bool, Query(description="Delete its drawings, too.")] = False,
) -> dict[str, Any]:
    """Delete a concept everywhere; the answer is the receipt."""
    return receipt_view(await app_state.session.forget_concept(user, name, drawings=drawings))
