"""The assistant's tools in the words of the Model Context Protocol.

Every LangChain tool becomes one of the protocol, and `talk` is a whole turn of the graph. Pictures
come back as content, with the ids by which other tools take them. Knows messages of the protocol.
Does not know how they travel, nor how a user is told from others.
"""

import base64
import json
import logging
from collections.abc import Callable, Iterable
from typing import Any, Final

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.tools import ToolException
from mcp import types
from mcp.server.lowlevel import Server
from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, ValidationError

from omnipersona import __version__
from omnipersona.agent.assistant import Assistant
from omnipersona.agent.errors import EXPECTED_ERRORS
from omnipersona.agent.events import DrawProgress, Event, Failed, NeedInput, Reply
from omnipersona.agent.turn import UserTurn
from omnipersona.tools.registry import PROGRESS

logger = logging.getLogger(__name__)

_ABOUT: Final = (
    "A personal assistant that knows the user's people, pets and things as concepts, written "
    "<name>. Use talk for requests in the user's own words; the other tools do one thing each."
)
_TALK: Final = "talk"
_SHOWING: Final = frozenset({"draw_picture", "edit_picture"})


class Talk(BaseModel):
    """One message of a conversation."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(default="", max_length=4000, description="The user's words.")
    pictures: list[Base64Bytes] = Field(
        default=[], max_length=20, description="PNG, JPEG, WEBP or GIF files that come with it."
    )
    conversation: str = Field(
        default="mcp",
        min_length=1,
        max_length=100,
        description="Messages of one name follow each other; a question is answered there.",
    )
    seed: int | None = Field(default=None, ge=0, description="The same draws the same picture.")


class ToolFailure(Exception):
    """A tool could not do what was asked; the text is for the caller."""


def build_server(session: Assistant, user_of: Callable[[Any], str]) -> Server[Any, Any]:
    """Return a server of the protocol over an open session.

    Args:
        session: The assistant.
        user_of: Whose memory may be used, by the HTTP request that brought the message; None over
            pipes.
    """
    server: Server[Any, Any] = Server("omnipersona", version=__version__, instructions=_ABOUT)

    # The protocol's decorators are untyped.
    @server.list_tools()  # type: ignore[no-untyped-call, untyped-decorator]
    async def list_tools() -> list[types.Tool]:
        tools = session.tools(user_of(server.request_context.request))
        return [_talk_tool(), *map(_tool, tools.values())]

    @server.call_tool()  # type: ignore[untyped-decorator]
    async def call_tool(name: str, arguments: dict[str, Any]) -> types.CallToolResult:
        user_id = user_of(server.request_context.request)
        try:
            if name == _TALK:
                return await _talk(server, session, user_id, Talk(**arguments))
            return await _use(server, session, user_id, name, arguments)
        except (ToolFailure, ToolException, ValidationError, *EXPECTED_ERRORS):
            raise
        except Exception as error:
            # The protocol's server passes an error's text on.
            logger.exception("the tool %s failed", name)
            raise ToolFailure("Something went wrong inside; the log says what.") from error

    return server


def _talk_tool() -> types.Tool:
    return types.Tool(
        name=_TALK,
        description="Say something to the assistant: ask, draw, edit, teach, correct, forget.",
        inputSchema=Talk.model_json_schema(),
    )


def _tool(tool: Any) -> types.Tool:
    return types.Tool(
        name=tool.name,
        description=tool.description,
        inputSchema=tool.args_schema.model_json_schema(),
    )


class _Progress(AsyncCallbackHandler):
    """Passes a tool's progress on to the caller."""

    def __init__(self, server: Server[Any, Any]) -> None:
        self._server = server

    async def on_custom_event(self, name: str, data: Any, **_: Any) -> None:
        if name == PROGRESS:
            await _report(self._server, data["step"], data["num_steps"])


async def _use(
    server: Server[Any, Any],
    session: Assistant,
    user_id: str,
    name: str,
    arguments: dict[str, Any],
) -> types.CallToolResult:
    tool = session.tools(user_id).get(name)
    if tool is None:
        raise ToolFailure(f"There is no tool {name!r}.")
    outcome = await tool.ainvoke(arguments, {"callbacks": [_Progress(server)]})
    ids = outcome["picture_ids"] if name in _SHOWING else ()
    shown = [await session.picture(user_id, picture_id) for picture_id in ids]
    return _result(outcome["text"], shown, outcome)


async def _talk(
    server: Server[Any, Any], session: Assistant, user_id: str, talk: Talk
) -> types.CallToolResult:
    turn = UserTurn(
        user_id=user_id,
        thread_id=talk.conversation,
        text=talk.text,
        pictures=tuple(talk.pictures),
        seed=talk.seed,
    )
    last: Event | None = None
    async for event in session.turn(turn):
        if isinstance(event, DrawProgress):
            await _report(server, event.step, event.num_steps)
        last = event
    match last:
        case Reply():
            details = {**last.details, "picture_ids": [picture.id for picture in last.pictures]}
            return _result(last.text, [picture.png for picture in last.pictures], details)
        case NeedInput():
            return _result(last.question, (), {"needs": last.kind, "choices": last.choices})
        case Failed():
            raise ToolFailure(last.text)
    raise AssertionError("a turn ends with a reply, a question or a failure")


async def _report(server: Server[Any, Any], step: int, num_steps: int) -> None:
    context = server.request_context
    if context.meta is not None and context.meta.progressToken is not None:
        await context.session.send_progress_notification(
            context.meta.progressToken,
            step,
            num_steps,
            related_request_id=str(context.request_id),
        )


def _result(text: str, pngs: Iterable[bytes], details: dict[str, Any]) -> types.CallToolResult:
    content: list[types.ContentBlock] = [types.TextContent(type="text", text=text)]
    content += [
        types.ImageContent(type="image", data=base64.b64encode(png).decode(), mimeType="image/png")
        for png in pngs
    ]
    plain = json.loads(json.dumps(details, default=list))
    return types.CallToolResult(content=content, structuredContent=plain)
