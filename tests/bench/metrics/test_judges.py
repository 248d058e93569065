"""Both judges ask once per case, without memory, at temperature 0; failures become verdicts."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from fakes import png

from omnipersona.bench.metrics.judge import answer_case, prompt_case
from omnipersona.bench.metrics.judges import ModelJudge, ServerJudge
from omnipersona.model.contract import AnswerRequest, TextEvent
from omnipersona.model.errors import Cancelled, ModelBusy
from omnipersona.testing import ScriptedModel

CASE = answer_case("Where is <c0>?", "at home", "in bed")


class Server:
    """A server with OpenAI's chat interface on this machine, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.tokens: list[str | None] = []
        self.status, self.body = 200, self.reply("1")
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                server.asked.append(json.loads(self.rfile.read(length)))
                server.tokens.append(self.headers["Authorization"])
                assert self.path == "/v1/chat/completions"
                self.send_response(server.status)
                self.end_headers()
                self.wfile.write(server.body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1/"

    @staticmethod
    def reply(text: object) -> bytes:
        return json.dumps({"choices": [{"message": {"content": text}}]}).encode()


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    thread = threading.Thread(target=one.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield one
    one.http.shutdown()
    one.http.server_close()
    thread.join()


def test_a_server_is_asked_anew_for_every_case(server: Server) -> None:
    judge = ServerJudge(url=server.url, model="judge-1", key="secret")
    picture = png()
    assert judge.judge(CASE).score == 1.0
    server.body = server.reply("0.5")
    assert judge.judge(prompt_case("a dog", picture)).score == 0.5
    first, second = server.asked
    assert [len(one["messages"]) for one in server.asked] == [1, 1]
    assert (first["model"], first["temperature"]) == ("judge-1", 0)
    text, image = second["messages"][0]["content"]
    assert "prompt: a dog" in text["text"]
    assert "in bed" not in json.dumps(second)
    sent = image["image_url"]["url"].removeprefix("data:image/png;base64,")
    assert base64.b64decode(sent) == picture
    assert server.tokens == ["Bearer secret"] * 2


def test_the_key_is_never_shown() -> None:
    judge = ServerJudge(url="http://localhost/v1", model="m", key="secret")
    assert "secret" not in repr(judge)


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (500, b"out of memory", "replied 500: out of memory"),
        (429, b"", "replied 429"),
        (200, b"<html>", "no chat completion"),
        (200, b"[]", "no chat completion"),
        (200, b'{"choices": []}', "no chat completion"),
        (200, Server.reply(None), "holds no text"),
        (200, Server.reply("splendid"), "names 0 numbers"),
    ],
)
def test_a_failing_server_gives_a_failed_verdict(
    server: Server, status: int, body: bytes, why: str
) -> None:
    server.status, server.body = status, body
    judge = ServerJudge(url=server.url, model="m")
    assert why in (judge.judge(CASE).failure or "")
    server.status, server.body = 200, server.reply("1")
    assert judge.judge(CASE).score == 1.0


def test_a_server_that_is_not_there_gives_a_failed_verdict(server: Server) -> None:
    for url in ("http://127.0.0.1:9/v1", "nonsense", "http://[::1/v1"):
        verdict = ServerJudge(url=url, model="m", timeout=1.0).judge(CASE)
        assert "cannot be asked" in (verdict.failure or "")


def test_the_model_itself_may_judge() -> None:
    model = ScriptedModel(answers={"a dog": "0.5"})
    verdict = ModelJudge(model).judge(prompt_case("a dog", png()))
    assert verdict.score == 0.5
    (request,) = model.of_type(AnswerRequest)
    assert (request.temperature, request.concepts, len(request.images)) == (0.0, (), 1)


class Broken(ScriptedModel):
    """Raises `faults.error` when asked."""

    def answer(
        self, request: AnswerRequest, cancel: threading.Event | None = None
    ) -> Iterator[TextEvent]:
        self.faults.check(0)
        return super().answer(request, cancel)


def test_a_failing_model_gives_a_failed_verdict_and_cancelling_is_raised() -> None:
    model = Broken()
    model.faults.error = ModelBusy("The queue is full.")
    assert ModelJudge(model).judge(CASE).failure == "The queue is full."
    assert "empty" not in (ModelJudge(ScriptedModel()).judge(CASE).failure or "")
    model.faults.error = Cancelled("stopped")
    with pytest.raises(Cancelled):
        ModelJudge(model).judge(CASE)
