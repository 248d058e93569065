"""The graph on LangGraph's own server, which the command line starts, through its client."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from everyday import everyday
from langgraph_sdk import get_client
from ports import free_port

from omnipersona.serve.http.access import MAX_BODY

pytestmark = pytest.mark.slow

ROOT: Final = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the server in a copy of its configuration's folder: it writes beside it."""
    tmp_path = tmp_path_factory.mktemp("platform")
    config = tmp_path / "langgraph.json"
    text = (ROOT / "langgraph.json").read_text(encoding="utf-8")
    config.write_text(text.replace('"."', f'"{ROOT}"'), encoding="utf-8")
    port = free_port()
    command = ["dev", "--config", str(config), "--port", str(port), "--no-browser", "--no-reload"]
    environment = {**os.environ, "OMNIPERSONA_DATA": str(tmp_path / "data"), "OMP_NUM_THREADS": "1"}
    log = tmp_path / "log.txt"
    with (
        log.open("w") as out,
        subprocess.Popen(
            [sys.executable, "-m", "langgraph_cli", *command],
            cwd=tmp_path,
            env=environment,
            stdout=out,
            stderr=out,
        ) as server,
    ):
        try:
            transport = httpx.HTTPTransport(retries=60)
            with httpx.Client(transport=transport, timeout=60) as http:
                http.get(f"http://127.0.0.1:{port}/ok").raise_for_status()
            yield f"http://127.0.0.1:{port}"
        except httpx.HTTPError as error:
            raise AssertionError(log.read_text()) from error
        finally:
            server.terminate()


async def test_a_person_teaches_asks_draws_and_edits(url: str) -> None:
    pictures = f"{url}/users/ana/pictures"
    async with get_client(url=url) as client, httpx.AsyncClient(timeout=60) as http:
        thread = await client.threads.create()

        async def keep(data: bytes) -> str:
            answer = await http.post(pictures, content=data)
            return str(answer.raise_for_status().json()["id"])

        async def say(text: str, picture_ids: list[str]) -> tuple[str, list[str]]:
            given: Any = {"text": text, "picture_ids": picture_ids}
            state: Any = await client.runs.wait(
                thread["thread_id"],
                "omnipersona",
                input=given,
                context={"user_id": "ana", "seed": 3},
            )
            return state["answer"], state["reply_picture_ids"]

        drawn, _ = await everyday(say, keep)
        shown = await http.get(f"{pictures}/{drawn}")
        assert shown.content.startswith(b"\x89PNG")
        assert (await http.get(f"{url}/users/eve/pictures/{drawn}")).status_code == 404
        assert (await http.post(pictures, content=b"words")).status_code == 400
        assert (await http.post(pictures, content=bytes(MAX_BODY + 1))).status_code == 413


async def test_a_question_to_the_user_is_an_interrupt(url: str) -> None:
    async with get_client(url=url) as client:
        thread = await client.threads.create()
        asked: Any = await client.runs.wait(
            thread["thread_id"],
            "omnipersona",
            input={"text": "this is my dog <bo>", "picture_ids": []},
            context={"user_id": "ana"},
        )
        [question] = asked["__interrupt__"]
        assert question["value"]["kind"] == "photos"
