"""Drawings and edits by `POST /v1/images/...`, a turn whose words can mean nothing else.

The words go the same way as in a conversation, so that concepts are drawn as they are known, but
they are taken for a drawing or an edit whatever they say, in a conversation that is deleted
afterwards.
"""

import base64
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, UploadFile
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from omnipersona.agent.events import Failed, NeedInput, Reply
from omnipersona.agent.turn import UserTurn
from omnipersona.model.contract import MAX_SEED
from omnipersona.serve.http.access import NEEDS_KEY, Caller
from omnipersona.serve.http.app_state import AppState, TheAppState
from omnipersona.serve.http.conversations import fresh
from omnipersona.serve.http.options import Options, Seed, Unused, unsupported
from omnipersona.serve.http.pictures import read_uploads
from omnipersona.serve.http.problems import Problem, problem_of_turn
from omnipersona.serve.http.running import while_here

router = APIRouter(tags=["images"], dependencies=[NEEDS_KEY])

MOST: Final = 4
_AUTO: Final = "auto"
_VERBS: Final = ("draw", "paint", "sketch", "create", "generate", "make", "show", "picture")

Count = Annotated[int, Field(ge=1, le=MOST, description="Pictures, one after the other.")]
Prompt = Annotated[str, Field(min_length=1)]
Size = Annotated[str, Field(description="auto, or the model's own size, e.g. 64x64.")]
OnlyBase64 = Annotated[
    Any, unsupported("Pictures come inside of the answer, as b64_json.", "b64_json")
]
OnlyPng = Annotated[Any, unsupported("Pictures are PNG.", "png")]
OnlyOpaque = Annotated[Any, unsupported("Pictures are opaque.", "opaque", _AUTO)]
NoStream = Annotated[
    Any, unsupported("Pictures are not streamed here; a chat completion streams.", False, "false")
]
NoPartial = Annotated[Any, unsupported("Pictures are not streamed here.", 0, "0")]
NoStyle = Annotated[Any, unsupported("Say in the prompt what it should look like.")]
NoMask = Annotated[Any, unsupported("Say in the prompt what to change, without a mask.")]


class ImageRequest(BaseModel):
    """What `POST /v1/images/generations` takes."""

    model_config = ConfigDict(extra="forbid")

    prompt: Prompt
    model: str | None = None
    n: Count = 1
    size: Size = _AUTO
    seed: Seed = None
    omnipersona: Options = Options()
    """How it is drawn."""

    response_format: OnlyBase64 = None
    output_format: OnlyPng = None
    background: OnlyOpaque = None
    stream: NoStream = None
    partial_images: NoPartial = None
    style: NoStyle = None
    svg: NoStyle = None
    frame_count: NoStyle = None
    frame_duration_ms: NoStyle = None

    complexity: Unused = None
    quality: Unused = None
    moderation: Unused = None
    output_compression: Unused = None
    user: Unused = None
    safety_identifier: Unused = None


class EditForm(BaseModel):
    """What `POST /v1/images/edits` takes, as a form."""

    model_config = ConfigDict(extra="forbid")

    prompt: Prompt
    image: list[UploadFile] = []
    images: Annotated[list[UploadFile], Field(alias="image[]")] = []
    model: str | None = None
    n: Count = 1
    size: Annotated[str, Field(description="auto: an edit keeps the picture's form.")] = _AUTO
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] | None = None
    steps: Annotated[int, Field(ge=1, le=1000)] | None = None
    guidance: Annotated[float, Field(ge=1.0, le=20.0, allow_inf_nan=False)] | None = None

    mask: NoMask = None
    markup: NoMask = None
    response_format: OnlyBase64 = None
    output_format: OnlyPng = None
    background: OnlyOpaque = None
    stream: NoStream = None
    partial_images: NoPartial = None
    svg: NoStyle = None
    frame_count: NoStyle = None
    frame_duration_ms: NoStyle = None

    complexity: Unused = None
    input_fidelity: Unused = None
    quality: Unused = None
    output_compression: Unused = None
    user: Unused = None
    safety_identifier: Unused = None


@router.post("/v1/images/generations")
async def draw(
    body: ImageRequest, request: Request, app_state: TheAppState, user: Caller
) -> dict[str, Any]:
    """Draw what the prompt says, with the concepts that it names."""
    side = app_state.session.describe().image_size
    _check(app_state, body.model, body.size, f"{side}x{side}")
    turn = UserTurn(
        user_id=user,
        thread_id="",
        text=_as_request(body.prompt),
        intent="generate",
        steps=body.omnipersona.steps,
        guidance=body.omnipersona.guidance,
        think=body.omnipersona.think,
        approve_prompts=False,
    )
    return await _draw_all(request, app_state, turn, body.seed, body.n)


@router.post("/v1/images/edits")
async def change(
    form: Annotated[EditForm, Form(media_type="multipart/form-data")],
    request: Request,
    app_state: TheAppState,
    user: Caller,
) -> dict[str, Any]:
    """Change a picture as the prompt says."""
    _check(app_state, form.model, form.size)
    files = [*form.image, *form.images]
    if len(files) != 1:
        raise Problem(400, f"One picture is changed at a time; {len(files)} came.", param="image")
    turn = UserTurn(
        user_id=user,
        thread_id="",
        text=form.prompt,
        pictures=await read_uploads(files, "image"),
        intent="edit",
        steps=form.steps,
        guidance=form.guidance,
        approve_prompts=False,
    )
    return await _draw_all(request, app_state, turn, form.seed, form.n)


def _check(app_state: AppState, model: str | None, size: str, *sizes: str) -> None:
    app_state.check_model(model)
    if size not in (_AUTO, *sizes):
        known = " or ".join((_AUTO, *sizes))
        raise Problem(400, f"The size {size[:40]!r} cannot be had; take {known}.", param="size")


def _as_request(prompt: str) -> str:
    """Return a prompt as people ask for a drawing; the model was taught to read that."""
    words = prompt.split(maxsplit=1)
    is_request = bool(words) and words[0].casefold().strip(",.:") in _VERBS
    return prompt if is_request or not words else f"draw {prompt}"


async def _draw_all(
    request: Request, app_state: AppState, turn: UserTurn, seed: int | None, count: int
) -> dict[str, Any]:
    replies = []
    for index in range(count):
        wished = None if seed is None else (seed + index) % (MAX_SEED + 1)
        replies.append(await _draw_one(request, app_state, replace(turn, seed=wished)))
    return _response(replies)


async def _draw_one(request: Request, app_state: AppState, turn: UserTurn) -> Reply:
    place = fresh(turn.user_id)
    running = app_state.start(replace(turn, thread_id=place.thread_id), place)
    last = (await while_here(request, running, running.rest()))[-1]
    match last:
        case Reply() if last.pictures:
            return last
        case Reply(text):
            raise Problem(400, text, param="prompt", code="not_drawn")
        case NeedInput():
            message = f"{last.question} Say it in the prompt, or ask in a chat completion."
            raise Problem(400, message, param="prompt", code="needs_input")
        case Failed():
            raise problem_of_turn(last, "prompt")
    raise AssertionError(f"a turn ended with {type(last).__name__}")


def _response(replies: Sequence[Reply]) -> dict[str, Any]:
    details = [reply.details for reply in replies]
    pictures = [
        {
            "b64_json": base64.b64encode(reply.pictures[-1].png).decode("ascii"),
            "revised_prompt": reply.details["rewritten"],
        }
        for reply in replies
    ]
    return {
        "created": int(time.time()),
        "data": pictures,
        "background": "opaque",
        "output_format": "png",
        "size": f"{details[0]['width']}x{details[0]['height']}",
        "omnipersona": details,
    }
