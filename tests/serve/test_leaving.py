"""A client that goes away stops the model; a model that is busy says so."""

import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import InternalServerError, OpenAI
from served import Served, scripted_model

from omnipersona.model.errors import ModelBusy
from omnipersona.testing import Faults, ScriptedModel

DRAW: Any = {"model": "scripted", "messages": [{"role": "user", "content": "draw a red cat"}]}
STEP = 0.05
LIMIT = 60.0


def slow_model() -> ScriptedModel:
    return scripted_model(num_steps=400, step_seconds=STEP)


def stands_still(model: ScriptedModel) -> bool:
    """Wait until no step is made for a while; say whether the drawing was left unfinished."""
    deadline, before = time.monotonic() + LIMIT, -1
    while before != model.steps_done:
        assert time.monotonic() < deadline
        before = model.steps_done
        time.sleep(8 * STEP)
    return 0 < before < model.num_steps


def leave_early(served: Served, model: ScriptedModel, path: str, body: Any) -> None:
    """Ask for a drawing, and go as soon as the model draws."""
    connection = HTTPConnection(served.url.removeprefix("http://"), timeout=LIMIT)
    head = {"Content-Type": "application/json"}
    connection.request("POST", path, json.dumps(body), head)
    wait_for_steps(model)
    connection.close()


def wait_until_counted(served: Served, line: str) -> None:
    """Wait for a line of the metrics: a request is counted when its task has ended."""
    deadline = time.monotonic() + LIMIT
    with served.http() as http:
        while line not in (counted := http.get("/metrics").text):
            assert time.monotonic() < deadline, counted
            time.sleep(0.05)


def wait_for_steps(model: ScriptedModel) -> None:
    deadline = time.monotonic() + LIMIT
    while model.steps_done < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_goes_stops_the_model(tmp_path: Path, stream: bool) -> None:
    model = slow_model()
    with Served(tmp_path, model) as served:
        with (
            served.http() as http,
            http.stream("POST", "/v1/chat/completions", json={**DRAW, "stream": True}) as answer,
        ):
            if stream:
                for line in answer.iter_lines():
                    if '"progress"' in line:
                        break
        if not stream:
            leave_early(served, model, "/v1/chat/completions", DRAW)
        assert stands_still(model)
        wait_until_counted(served, "omnipersona_turns 0.0")
        if not stream:
            wait_until_counted(served, 'route="/v1/chat/completions",status="499"')
    assert list(tmp_path.rglob("*.png")) == []


def test_a_client_of_images_that_goes_stops_the_model(tmp_path: Path) -> None:
    model = slow_model()
    with Served(tmp_path, model) as served:
        leave_early(served, model, "/v1/images/generations", {"prompt": "a cat"})
        assert stands_still(model)


def test_the_end_of_the_server_stops_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omnipersona.serve.graceful.SHUTDOWN_SECONDS", 1)
    model = slow_model()
    with Served(tmp_path, model) as served:

        def draw() -> None:
            with served.http() as http:
                try:
                    http.post("/v1/chat/completions", json=DRAW)
                except httpx.HTTPError:
                    return

        drawing = threading.Thread(target=draw)
        drawing.start()
        wait_for_steps(model)
    drawing.join(LIMIT)
    assert stands_still(model)


@pytest.mark.parametrize("stream", [True, False])
def test_a_busy_model_is_told_with_when_to_come_again(tmp_path: Path, stream: bool) -> None:
    busy = ModelBusy("The model has 32 jobs waiting. Try again in a moment.")
    model = scripted_model(complete_faults=Faults(busy))
    with Served(tmp_path, model) as served:
        with served.client() as client, pytest.raises(InternalServerError) as refused:
            client.chat.completions.create(**DRAW, stream=stream)
        assert refused.value.status_code == 503
        assert refused.value.code == "busy"
        assert int(refused.value.response.headers["Retry-After"]) > 0
        model.complete_faults = Faults()
        with served.client() as client:
            assert client.chat.completions.create(**DRAW).choices


def test_what_fails_in_the_middle_of_a_stream_is_told_in_it(tmp_path: Path) -> None:
    model = scripted_model(faults=Faults(ModelBusy("Too much."), at_step=2))
    with Served(tmp_path, model) as served, served.http() as http:
        text = http.post("/v1/chat/completions", json={**DRAW, "stream": True}).text
    last = json.loads(text.strip().split("\n\n")[-1].removeprefix("data: "))
    assert last["error"]["code"] == "busy"
    assert "[DONE]" not in text


@pytest.mark.parametrize("stream", [True, False])
def test_a_bug_tells_nothing_of_itself(tmp_path: Path, stream: bool) -> None:
    model = scripted_model(complete_faults=Faults(RuntimeError("/secret/path.py")))
    with Served(tmp_path, model) as served, served.http() as http:
        answer = http.post("/v1/chat/completions", json={**DRAW, "stream": stream})
        assert answer.status_code == 500
        assert answer.json()["error"]["code"] == "internal_error"
        assert "secret" not in answer.text
        model.complete_faults = Faults()
        assert http.post("/v1/chat/completions", json=DRAW).status_code == 200


def test_a_silent_stream_is_kept_open(
    client: OpenAI, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omnipersona.serve.http.event_stream.PATIENCE", 0.01)
    monkeypatch.setattr(served.fake, "step_seconds", 0.05)
    with served.http() as http:
        text = http.post("/v1/chat/completions", json={**DRAW, "stream": True}).text
    assert ": still there\n\n" in text
    with client.chat.completions.create(**DRAW, stream=True) as stream:
        assert [chunk for chunk in stream][-1].choices[0].finish_reason == "stop"


STARTER = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from served import scripted_model
from fakes import WordEncoder
from omnipersona.agent.assistant import Assistant
from omnipersona.agent.settings import Settings
from omnipersona.serve.address import listen
from omnipersona.serve.http.app_state import AppState
from omnipersona.serve.http.server import make_server, serve_door, stop_on_signals

async def main():
    settings = Settings(data=Path(sys.argv[2]))
    model = scripted_model(num_steps=30, step_seconds=0.05)
    session = await Assistant.open(settings, model=model, encoder=WordEncoder())
    with listen("127.0.0.1", 0) as listener:
        app_state = AppState(session, settings)
        server = make_server(app_state)
        stop_on_signals(server)
        print(listener.getsockname()[1], flush=True)
        await serve_door(app_state, server, listener)
    print("closed")

asyncio.run(main())
"""


def start(data: Path) -> subprocess.Popen[str]:
    tests = Path(__file__).parents[1]
    command = [sys.executable, "-c", STARTER, str(tests), str(data)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_stream_is_finished_after_a_signal(tmp_path: Path) -> None:
    with start(tmp_path) as process, httpx.Client(timeout=LIMIT) as http:
        assert process.stdout is not None
        where = f"http://127.0.0.1:{process.stdout.readline().strip()}/v1/chat/completions"
        with http.stream("POST", where, json={**DRAW, "stream": True}) as answer:
            lines = answer.iter_lines()
            assert any('"progress"' in line for line in lines)
            process.send_signal(signal.SIGTERM)
            assert "data: [DONE]" in lines
        assert process.stdout.read() == "closed\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_closes_the_session(tmp_path: Path, number: int) -> None:
    process = start(tmp_path)
    with process, httpx.Client(base_url="http://127.0.0.1:1", verify=False) as http:
        assert process.stdout is not None
        where = f"http://127.0.0.1:{process.stdout.readline().strip()}"
        asked = {"model": "scripted", "messages": [{"role": "user", "content": "this is my dog"}]}
        answer = http.post(f"{where}/v1/chat/completions", json=asked, timeout=LIMIT).json()
        assert answer["omnipersona"]["needs"], answer
        process.send_signal(number)
        assert process.stdout.read() == "closed\n"
    assert process.returncode == 0
    with sqlite3.connect(tmp_path / "graph.sqlite3") as kept:
        assert kept.execute("SELECT count(*) FROM checkpoints").fetchone() == (0,)
    kept.close()
