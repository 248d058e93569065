"""The tools over the protocol, driven by its official client: pipes, and HTTP with keys."""

import asyncio
import base64
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import ClientSession, McpError, StdioServerParameters, types
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from served import Served, scripted_model
from visit import sample_photos

from omnipersona.accounts.keys import ApiKeys


@asynccontextmanager
async def over_pipes(data: Path, user: str = "me") -> AsyncIterator[ClientSession]:
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "omnipersona", "--data", str(data), "--user", user, "mcp"],
        env={"OMP_NUM_THREADS": "1"},
    )
    async with stdio_client(command) as (read, write), ClientSession(read, write) as client:
        await client.initialize()
        yield client


@asynccontextmanager
async def over_http(served: Served, key: str) -> AsyncIterator[ClientSession]:
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        httpx.AsyncClient(headers=headers, timeout=60) as http,
        streamable_http_client(f"{served.url}/mcp", http_client=http) as (read, write, _),
        ClientSession(read, write) as client,
    ):
        await client.initialize()
        yield client


def text_of(result: types.CallToolResult) -> str:
    return "".join(part.text for part in result.content if isinstance(part, types.TextContent))


def pngs_of(result: types.CallToolResult) -> list[bytes]:
    return [
        base64.b64decode(part.data)
        for part in result.content
        if isinstance(part, types.ImageContent)
    ]


def details_of(result: types.CallToolResult) -> dict[str, Any]:
    assert result.structuredContent is not None, text_of(result)
    return result.structuredContent


def sample(number: int) -> str:
    return base64.b64encode(Path(sample_photos()[number]).read_bytes()).decode()


@pytest.mark.slow
async def test_teach_ask_draw_and_edit(tmp_path: Path) -> None:
    async with over_pipes(tmp_path / "data") as client:
        assert {"talk", "draw_picture", "keep_picture"} <= {
            tool.name for tool in (await client.list_tools()).tools
        }
        kept = await client.call_tool("keep_picture", {"base64": sample(0)})
        [photo_id] = details_of(kept)["picture_ids"]
        lesson = {"name": "bo", "kind": "dog", "picture_ids": [photo_id]}
        taught = await client.call_tool("teach_concept", {**lesson, "facts": {"toy": "a red ball"}})
        assert not taught.isError, text_of(taught)

        asked = await client.call_tool("talk", {"text": "what is the toy of <bo>?"})
        assert "red ball" in text_of(asked)

        steps: list[float] = []

        async def note(progress: float, total: float | None, message: str | None) -> None:
            steps.append(progress)

        words = {"text": "draw <bo> with his toy", "seed": 3}
        drawn = await client.call_tool("talk", words, progress_callback=note)
        while "still being learned" in text_of(drawn):
            await asyncio.sleep(0.5)
            drawn = await client.call_tool("talk", words, progress_callback=note)
        assert details_of(drawn)["rewritten"] == "<bo> with a red ball"
        assert steps == sorted(steps)
        assert steps
        [picture_id] = details_of(drawn)["picture_ids"]

        change = {"picture_id": picture_id, "instruction": "change the background to the snow"}
        edited = await client.call_tool("edit_picture", change)
        [before], [after] = pngs_of(drawn), pngs_of(edited)
        assert before != after


@pytest.mark.slow
async def test_bad_arguments_are_told_and_the_next_call_works(tmp_path: Path) -> None:
    async with over_pipes(tmp_path / "data") as client:
        refused: dict[str, dict[str, Any]] = {
            "draw_picture": {"prompt": "a dog", "user_id": "eve"},
            "keep_picture": {"base64": base64.b64encode(b"words").decode()},
            "show_concept": {"name": "nobody"},
            "talk": {"text": "", "pictures": ["no base64!"]},
            "fly": {},
        }
        for name, arguments in refused.items():
            result = await client.call_tool(name, arguments)
            assert result.isError, name
            assert "Traceback" not in text_of(result)
        assert "nobody" in text_of(await client.call_tool("show_concept", {"name": "nobody"}))
        assert not (await client.call_tool("list_concepts", {})).isError


@pytest.mark.slow
async def test_users_are_apart(tmp_path: Path) -> None:
    async with over_pipes(tmp_path / "data", "ana") as ana:
        kept = await ana.call_tool("keep_picture", {"base64": sample(0)})
        [photo_id] = details_of(kept)["picture_ids"]
    async with over_pipes(tmp_path / "data", "eve") as eve:
        wish = {"picture_id": photo_id, "instruction": "remove the dog"}
        assert (await eve.call_tool("edit_picture", wish)).isError


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, str, str]]:
    """Start a server with keys of ana and eve."""
    data = tmp_path_factory.mktemp("mcp") / "data"
    keys = ApiKeys(data)
    ana, eve = keys.add("ana"), keys.add("eve")
    with Served(data, scripted_model()) as served:
        yield served, ana, eve


async def test_over_http_a_key_is_a_user(two: tuple[Served, str, str]) -> None:
    served, ana_key, eve_key = two
    steps: list[float] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        steps.append(progress)

    async with over_http(served, ana_key) as ana:
        drawn = await ana.call_tool("talk", {"text": "draw a cat"}, progress_callback=note)
        [picture_id] = details_of(drawn)["picture_ids"]
        assert len(pngs_of(drawn)) == 1
        assert steps
    async with over_http(served, eve_key) as eve:
        wish = {"picture_id": picture_id, "instruction": "put a hat on it"}
        assert (await eve.call_tool("edit_picture", wish)).isError
        assert not (await eve.call_tool("list_concepts", {})).isError


async def test_a_bug_is_not_passed_on(two: tuple[Served, str, str]) -> None:
    served, ana_key, _ = two
    served.fake.faults.error = ZeroDivisionError("secret words")
    async with over_http(served, ana_key) as ana:
        drawn = await ana.call_tool("draw_picture", {"prompt": "a cat"})
        assert drawn.isError
        assert "secret" not in text_of(drawn)
        served.fake.faults.error = None
        assert not (await ana.call_tool("draw_picture", {"prompt": "a cat"})).isError


def test_over_http_nobody_comes_in_without_a_key(two: tuple[Served, str, str]) -> None:
    served, _, _ = two
    hello = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        answer = httpx.post(f"{served.url}/mcp", json=hello, headers=headers)
        assert answer.status_code == 401


async def test_a_cancelled_tool_frees_the_model(two: tuple[Served, str, str]) -> None:
    served, ana_key, _ = two
    served.fake.step_seconds = 0.01
    begun = asyncio.Event()

    async def note(progress: float, total: float | None, message: str | None) -> None:
        begun.set()

    async with over_http(served, ana_key) as ana:
        wish = {"prompt": "a cat", "steps": 1000}
        number = ana._request_id
        call = asyncio.create_task(ana.call_tool("draw_picture", wish, progress_callback=note))
        await asyncio.wait_for(begun.wait(), 30.0)
        stop = types.CancelledNotification(
            method="notifications/cancelled",
            params=types.CancelledNotificationParams(requestId=number),
        )
        await ana.send_notification(types.ClientNotification(stop))
        with pytest.raises(McpError, match="cancel"):
            await asyncio.wait_for(call, 30.0)
        served.fake.step_seconds = 0.0
        before = served.fake.steps_done
        assert not (await ana.call_tool("draw_picture", {"prompt": "a cat", "steps": 2})).isError
        assert served.fake.steps_done <= before + 3


async def test_a_session_belongs_to_the_key_that_began_it(two: tuple[Served, str, str]) -> None:
    served, ana_key, eve_key = two
    accepted = {"Accept": "application/json, text/event-stream"}
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": types.LATEST_PROTOCOL_VERSION,
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
    async with httpx.AsyncClient(base_url=served.url, headers=accepted) as http:

        async def post(key: str, message: dict[str, Any], session: str = "") -> httpx.Response:
            headers = {"Authorization": f"Bearer {key}"}
            headers |= {"Mcp-Session-Id": session} if session else {}
            return await http.post("/mcp", json=message, headers=headers)

        begun = await post(ana_key, hello)
        session = begun.headers["mcp-session-id"]
        ping = {"jsonrpc": "2.0", "id": 2, "method": "ping"}
        assert (await post(eve_key, ping, session)).status_code == 404
        assert (await post(ana_key, ping, session)).status_code == 200
        assert (await post(ana_key, ping, "invented")).status_code == 404
