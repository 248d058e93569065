"""One turn as a chat completion, `POST /v1/chat/completions`; `DELETE /v1/threads/{thread}`."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from omnipersona.agent.events import Event, Failed
from omnipersona.agent.turn import UserTurn
from omnipersona.serve.http.access import NEEDS_KEY, Caller
from omnipersona.serve.http.answers import Answer
from omnipersona.serve.http.app_state import TheAppState
from omnipersona.serve.http.chat_request import ChatRequest
from omnipersona.serve.http.conversations import Place, check_thread
from omnipersona.serve.http.event_stream import END, EventStream, line
from omnipersona.serve.http.problems import problem_of_turn
from omnipersona.serve.http.running import RunningTurn, while_here

router = APIRouter(tags=["chat"], dependencies=[NEEDS_KEY])

_FIELD = "messages"


@router.post(
    "/v1/chat/completions",
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def complete_chat(
    body: ChatRequest,
    request: Request,
    app_state: TheAppState,
    user: Caller,
    x_thread: Annotated[
        str | None, Header(description="The conversation that this belongs to.")
    ] = None,
) -> Response:
    """Say one thing: ask, draw, edit, teach, correct, forget.

    The last message is what is said. Name a thread, by header or as `metadata.thread`, and the
    assistant remembers what was spoken of there; without one it knows the last picture of the
    messages, and which question of its own the last message answers.
    """
    app_state.check_model(body.model)
    pictures = await body.pictures()
    earlier = await body.earlier()
    thread = body.thread(x_thread)
    place = await app_state.conversations.find(user, thread, body.said())
    turn = _turn(body, place, pictures, earlier)
    answer = Answer(
        model=app_state.session.describe().name,
        thread=thread,
        shows_markdown=app_state.settings.api_pictures == "markdown",
    )
    running = app_state.start(turn, place)
    if body.stream:
        return await _stream(request, running, answer)
    for event in await while_here(request, running, running.rest()):
        answer.take(event)
    if answer.failed is not None:
        raise problem_of_turn(answer.failed, _FIELD)
    return JSONResponse(answer.completion())


@router.delete("/v1/threads/{thread:path}")
async def delete_thread(thread: str, app_state: TheAppState, user: Caller) -> dict[str, Any]:
    """Delete a conversation with its pictures; what was learned stays."""
    await app_state.session.delete_thread(user, check_thread(thread, "thread"))
    return {"id": thread, "object": "thread", "deleted": True}


def _turn(
    body: ChatRequest, place: Place, pictures: tuple[bytes, ...], earlier: bytes | None
) -> UserTurn:
    wishes = body.omnipersona
    return UserTurn(
        user_id=place.user_id,
        thread_id=place.thread_id,
        text=body.messages[-1].words(),
        pictures=pictures,
        earlier=earlier,
        seed=body.seed,
        steps=wishes.steps,
        guidance=wishes.guidance,
        think=wishes.think,
    )


async def _stream(request: Request, running: RunningTurn, answer: Answer) -> Response:
    # What fails at once is answered with a status of its own.
    begun = await while_here(request, running, running.begun())
    if begun and isinstance(begun[-1], Failed):
        raise problem_of_turn(begun[-1], _FIELD)
    return EventStream(_lines(answer, begun, running), running.stop)


async def _lines(answer: Answer, begun: list[Event], running: RunningTurn) -> AsyncIterator[str]:
    yield line(answer.first_piece())
    for event in begun:
        for piece in answer.chunks(event):
            yield line(piece)
    async for event in running:
        for piece in answer.chunks(event):
            yield line(piece)
    if answer.failed is not None:
        yield line(problem_of_turn(answer.failed, _FIELD).body())
        return
    yield line(answer.last_piece())
    yield END
