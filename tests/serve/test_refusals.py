"""Bad requests: each names its field, none leaks anything, and the next good one works."""

import base64
import socket
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from fakes import png
from openai import BadRequestError, NotFoundError, OpenAI
from served import Served

from omnipersona.serve.http.access import MAX_BODY
from omnipersona.serve.http.pictures import MAX_PICTURE, as_data_url

HELLO = {"role": "user", "content": "hello"}
RED = as_data_url(png("red"))


def shown(url: object) -> dict[str, Any]:
    part = {"type": "image_url", "image_url": {"url": url}}
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": "look"}, part]}]}


URL = "messages[0].content[1].image_url.url"
CHATS: dict[str, tuple[dict[str, Any], str]] = {
    "no messages": ({"messages": []}, "messages"),
    "messages as text": ({"messages": "hello"}, "messages"),
    "empty words": ({"messages": [{"role": "user", "content": ""}]}, "messages"),
    "blank words": ({"messages": [{"role": "user", "content": " \n"}]}, "messages"),
    "a megabyte": ({"messages": [{"role": "user", "content": "x" * 2**20}]}, "messages"),
    "a foreign role": ({"messages": [{"role": "boss", "content": "x"}]}, "messages[0].role"),
    "a tool's message": ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
    "no role": ({"messages": [{"content": "x"}]}, "messages[0].role"),
    "an answer last": ({"messages": [HELLO, {"role": "assistant", "content": "x"}]}, "messages"),
    "content of a number": ({"messages": [{"role": "user", "content": 3}]}, "messages[0].content"),
    "sound": (
        {"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]},
        "messages[0].content[0]",
    ),
    "a part without text": (
        {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
        "messages[0].content[0].text",
    ),
    "a remote picture": (shown("https://example.org/a.png"), URL),
    "a remote picture before": (
        {"messages": [*shown("http://10.0.0.1/a")["messages"], HELLO]},
        URL,
    ),
    "a file's picture": (shown("file:///etc/passwd"), URL),
    "a picture of a number": (shown(7), URL),
    "no base64": (shown("data:image/png;base64,@@@"), URL),
    "no picture": (shown("data:image/png;base64,aGVsbG8="), URL),
    "a plain data URL": (shown("data:text/plain,hello"), URL),
    "an empty picture": (shown("data:image/png;base64,"), URL),
    "a negative seed": ({"seed": -1}, "seed"),
    "a large seed": ({"seed": 2**32}, "seed"),
    "half a seed": ({"seed": 1.5}, "seed"),
    "a seed in words": ({"seed": "one"}, "seed"),
    "two answers": ({"n": 2}, "n"),
    "tools": ({"tools": [{"type": "function", "function": {"name": "x"}}]}, "tools"),
    "a tool choice": ({"tool_choice": "required"}, "tool_choice"),
    "functions": ({"functions": [{"name": "x"}]}, "functions"),
    "JSON": ({"response_format": {"type": "json_object"}}, "response_format"),
    "log-probabilities": ({"logprobs": True}, "logprobs"),
    "a stop word": ({"stop": ["x"]}, "stop"),
    "speech": ({"modalities": ["audio"]}, "modalities[0]"),
    "a voice": ({"audio": {"voice": "x"}}, "audio"),
    "the web": ({"web_search_options": {}}, "web_search_options"),
    "a streaming word": ({"stream": "maybe"}, "stream"),
    "a misspelt field": ({"temprature": 1}, "temprature"),
    "a thread of a number": ({"metadata": {"thread": 3}}, "metadata.thread"),
    "a thread without a name": ({"metadata": {"thread": " "}}, "metadata.thread"),
    "a long thread": ({"metadata": {"thread": "x" * 300}}, "metadata.thread"),
    "no steps": ({"omnipersona": {"steps": 0}}, "omnipersona.steps"),
    "a million steps": ({"omnipersona": {"steps": 10**6}}, "omnipersona.steps"),
    "weak guidance": ({"omnipersona": {"guidance": -1}}, "omnipersona.guidance"),
    "an unknown wish": ({"omnipersona": {"size": 3}}, "omnipersona.size"),
    "no model": ({"model": None}, "model"),
    "another model": ({"model": "gpt"}, "model"),
}
DRAWINGS: dict[str, tuple[dict[str, Any], str]] = {
    "no prompt": ({"prompt": None}, "prompt"),
    "an empty prompt": ({"prompt": ""}, "prompt"),
    "a blank prompt": ({"prompt": "  "}, "prompt"),
    "no picture": ({"n": 0}, "n"),
    "many pictures": ({"n": 11}, "n"),
    "another size": ({"size": "1024x1024"}, "size"),
    "a size of nothing": ({"size": "0x0"}, "size"),
    "a size of a number": ({"size": 7}, "size"),
    "an address": ({"response_format": "url"}, "response_format"),
    "a JPEG": ({"output_format": "jpeg"}, "output_format"),
    "a see-through picture": ({"background": "transparent"}, "background"),
    "a style": ({"style": "vivid"}, "style"),
    "a stream": ({"stream": True}, "stream"),
    "a negative seed": ({"seed": -1}, "seed"),
    "a large seed": ({"seed": 2**32}, "seed"),
    "another model": ({"model": "dall-e-3"}, "model"),
    "a misspelt field": ({"promt": "x"}, "promt"),
}
PICTURE = {"image": ("a.png", png())}
EDITS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "no prompt": ({"prompt": ""}, PICTURE, "prompt"),
    "no picture": ({}, {}, "image"),
    "text as a picture": ({}, {"image": ("a.png", b"hello")}, "image"),
    "an empty picture": ({}, {"image": ("a.png", b"")}, "image"),
    "a mask": ({}, {**PICTURE, "mask": ("m.png", png())}, "mask"),
    "a size": ({"size": "512x512"}, PICTURE, "size"),
    "a negative seed": ({"seed": "-1"}, PICTURE, "seed"),
    "a misspelt field": ({"promt": "x"}, PICTURE, "promt"),
}
PHOTO = {"photos": ("a.png", png())}
LESSONS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "no name": ({"name": ""}, PHOTO, "name"),
    "a reserved name": ({"name": "system"}, PHOTO, "name"),
    "a path": ({"name": "../etc/passwd"}, PHOTO, "name"),
    "no photo": ({}, {}, "photos"),
    "text as a photo": ({}, {"photos": ("a.png", b"hello")}, "photos"),
    "a hidden fact": ({"facts": "\u200b"}, PHOTO, "facts"),
    "consent in other words": ({"consent": "perhaps"}, PHOTO, "consent"),
}


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    """A client that checks afterwards that a good request works."""
    with served.http() as one:
        yield one
        good = one.post("/v1/chat/completions", json={"model": "scripted", "messages": [HELLO]})
        assert good.status_code == 200, good.text


def check(answer: httpx.Response, field: str, *statuses: int) -> dict[str, Any]:
    assert answer.status_code in (statuses or (400, 404)), answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["param"] == field
    assert error["type"] == "invalid_request_error"
    assert "Traceback" not in answer.text
    assert "/work" not in answer.text
    assert ".py" not in answer.text
    return error


def without_none(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if value is not None}


@pytest.mark.parametrize("case", CHATS)
def test_a_bad_chat_names_its_field(http: httpx.Client, case: str) -> None:
    wrong, field = CHATS[case]
    body = without_none({"model": "scripted", "messages": [HELLO], **wrong})
    check(http.post("/v1/chat/completions", json=body), field)
    if isinstance(body.get("stream", False), bool):
        check(http.post("/v1/chat/completions", json={**body, "stream": True}), field)


@pytest.mark.parametrize("case", DRAWINGS)
def test_a_bad_drawing_names_its_field(http: httpx.Client, case: str) -> None:
    wrong, field = DRAWINGS[case]
    body = without_none({"model": "scripted", "prompt": "a cat", **wrong})
    check(http.post("/v1/images/generations", json=body), field)


@pytest.mark.parametrize("case", EDITS)
def test_a_bad_edit_names_its_field(http: httpx.Client, case: str) -> None:
    fields, files, field = EDITS[case]
    data = {"prompt": "give it a hat", **fields}
    check(http.post("/v1/images/edits", data=data, files=files), field)


@pytest.mark.parametrize("case", LESSONS)
def test_a_bad_lesson_names_its_field(http: httpx.Client, case: str) -> None:
    fields, files, field = LESSONS[case]
    data = {"name": "bo", **fields}
    check(http.post("/v1/concepts", data=data, files=files or {"": b""}), field)
    assert http.get("/v1/concepts").json()["data"] == []


Act = Callable[[httpx.Client], httpx.Response]
OTHERS: dict[str, tuple[Act, str, int]] = {
    "no JSON": (lambda h: h.post("/v1/chat/completions", content=b"{"), "body", 400),
    "nothing": (lambda h: h.post("/v1/chat/completions"), "body", 400),
    "an unknown concept": (lambda h: h.get("/v1/concepts/nobody"), "name", 404),
    "facts of nobody": (lambda h: h.get("/v1/concepts/nobody/facts"), "name", 404),
    "forgetting nobody": (lambda h: h.delete("/v1/concepts/nobody"), "name", 404),
    "an export of nobody": (lambda h: h.get("/v1/concepts/nobody/export"), "name", 404),
    "an unknown job": (lambda h: h.get("/v1/jobs/x"), "job_id", 404),
    "an unknown job's events": (lambda h: h.get("/v1/jobs/x/events"), "job_id", 404),
    "a fact without a value": (
        lambda h: h.put("/v1/concepts/me/facts/home", json={}),
        "value",
        400,
    ),
    "an empty fact": (
        lambda h: h.put("/v1/concepts/me/facts/home", json={"value": " "}),
        "value",
        400,
    ),
    "an unknown fact": (lambda h: h.delete("/v1/concepts/me/facts/x"), "fact_id", 404),
    "a pickle": (
        lambda h: h.post(
            "/v1/concepts/import", data={"name": "x"}, files={"file": b"\x80\x04K\x01."}
        ),
        "file",
        400,
    ),
    "a thread of nothing": (lambda h: h.delete("/v1/threads/%20"), "thread", 400),
    "a thread's name in a header": (
        lambda h: h.post(
            "/v1/chat/completions",
            json={"model": "scripted", "messages": [HELLO]},
            headers={"X-Thread": ""},
        ),
        "X-Thread",
        400,
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_other_bad_requests_name_their_field(http: httpx.Client, case: str) -> None:
    act, field, status = OTHERS[case]
    check(act(http), field, status)


def test_a_wrong_address_or_method_is_told(http: httpx.Client) -> None:
    assert http.get("/v1/completions").json()["error"]["code"] == "unknown_url"
    assert http.get("/v1/chat/completions").json()["error"]["code"] == "method_not_allowed"


def test_the_client_raises_what_it_should(client: OpenAI) -> None:
    hello: Any = HELLO
    with pytest.raises(BadRequestError) as refused:
        client.chat.completions.create(model="scripted", messages=[hello], n=2)
    assert refused.value.param == "n"
    with pytest.raises(NotFoundError) as unknown:
        client.images.generate(model="other", prompt="a cat")
    assert unknown.value.code == "model_not_found"


def test_a_picture_of_more_than_ten_megabytes_is_refused(http: httpx.Client) -> None:
    large = "data:image/png;base64," + base64.b64encode(bytes(MAX_PICTURE + 3)).decode()
    body = {"model": "scripted", **shown(large)}
    check(http.post("/v1/chat/completions", json=body), URL, 413)
    files = {"image": ("a.png", bytes(MAX_PICTURE + 1))}
    check(http.post("/v1/images/edits", data={"prompt": "x"}, files=files), "image", 413)


def test_more_than_twenty_pictures_are_refused(http: httpx.Client) -> None:
    part = {"type": "image_url", "image_url": {"url": RED}}
    body = {"model": "scripted", "messages": [{"role": "user", "content": [part] * 21}]}
    check(http.post("/v1/chat/completions", json=body), "messages[0].content")
    files = [("photos", ("a.png", png()))] * 21
    error = http.post("/v1/concepts", data={"name": "bo"}, files=files).json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error["param"]


def test_a_body_is_bounded_before_it_is_read(served: Served, http: httpx.Client) -> None:
    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        head = (
            "POST /v1/chat/completions HTTP/1.1",
            f"Host: {host}",
            f"Content-Length: {MAX_BODY + 1}",
            "Connection: close",
        )
        raw.sendall("\r\n".join([*head, "", ""]).encode())
        with raw.makefile("rb") as stream:
            answer = stream.read().decode()
    assert answer.startswith("HTTP/1.1 413")
    assert '"param":"body"' in answer


def test_a_body_without_a_length_is_bounded_too(http: httpx.Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(MAX_BODY // 2**20 + 2):
            yield bytes(2**20)

    try:
        answer = http.post("/v1/chat/completions", content=endless())
    except (httpx.WriteError, httpx.ReadError):
        return
    check(answer, "body", 413)
