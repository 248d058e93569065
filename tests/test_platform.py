"""The graph on LangGraph's own server, which the command line starts, through its client."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from langgraph_sdk import get_client

pytestmark = pytest.mark.slow

ROOT: Final = Path(__file__).parents[1]


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Start the server in a copy of its configuration's folder: it writes beside it."""
    config = tmp_path / "langgraph.json"
    text = (ROOT / "langgraph.json").read_text(encoding="utf-8")
    config.write_text(text.replace('"."', f'"{ROOT}"'), encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
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


async def test_turns_of_a_thread_follow_each_other(url: str) -> None:
    async with get_client(url=url) as client:
        thread = await client.threads.create()

        async def say(text: str) -> Any:
            return await client.runs.wait(
                thread["thread_id"],
                "omnipersona",
                input={"text": text, "picture_ids": []},
                context={"user_id": "ana", "seed": 3},
            )

        drawn = await say("draw a red cat in the snow")
        assert drawn["answer"] == "Here it is: a red cat in the snow."
        edited = await say("change the background to the beach")
        assert edited["last_picture_id"] not in ("", drawn["last_picture_id"])

        asked = await say("this is my dog <bo>")
        [question] = asked["__interrupt__"]
        assert question["value"]["kind"] == "photos"
