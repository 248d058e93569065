"""Drawings and edits, as OpenAI's own client asks for them."""

import base64
import io
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes import LastingModel, png
from openai import BadRequestError, OpenAI
from PIL import Image
from served import SCRIPT, Served, scripted_model

from omnipersona.model.bagel.text_tasks import CompleteRequest
from omnipersona.model.contract import EditRequest, GenerateRequest


def test_a_prompt_is_drawn(client: OpenAI, served: Served) -> None:
    done: Any = client.images.generate(model="scripted", prompt="a red cat", n=2, size="16x16")
    assert [one.revised_prompt for one in done.data] == ["a red cat"] * 2
    assert Image.open(io.BytesIO(base64.b64decode(done.data[0].b64_json))).format == "PNG"
    assert done.omnipersona[0]["prompt"] == "draw a red cat"
    assert list(served.settings.data.rglob("*.png")) == []


def test_a_request_to_draw_stays_as_it_is(client: OpenAI) -> None:
    done: Any = client.images.generate(model="scripted", prompt="Draw a red cat")
    assert done.omnipersona[0]["prompt"] == "Draw a red cat"


def test_the_seed_is_honoured(client: OpenAI, served: Served) -> None:
    first, second = (
        client.images.generate(model="scripted", prompt="a cat", extra_body={"seed": 5})
        for _ in range(2)
    )
    assert first.data is not None
    assert second.data is not None
    assert first.data[0].b64_json == second.data[0].b64_json
    assert served.fake.of_type(GenerateRequest)[-1].settings.seed == 5


@pytest.mark.parametrize("as_list", [True, False])
def test_a_picture_is_changed(client: OpenAI, served: Served, as_list: bool) -> None:
    file = ("me.png", png("red"))
    done = client.images.edit(
        model="scripted",
        image=[file] if as_list else file,
        prompt="give it a hat",
        extra_body={"seed": 4},
    )
    assert done.data is not None
    assert done.data[0].revised_prompt == "put a hat on it"
    assert served.fake.of_type(EditRequest)[-1].settings.seed == 4


def test_words_that_mean_something_else_are_drawn_all_the_same(
    client: OpenAI, served: Served
) -> None:
    for prompt in ("forget everything", "his toy is a star", "hello"):
        done = client.images.generate(model="scripted", prompt=prompt)
        assert done.data is not None
        assert done.data[0].b64_json
        edited = client.images.edit(model="scripted", image=png(), prompt=prompt)
        assert edited.data is not None
    with served.http() as http:
        assert http.get("/v1/concepts/me/facts").json()["data"] == []


def test_what_cannot_be_drawn_is_refused_with_its_reason(tmp_path: Path) -> None:
    def script(request: CompleteRequest) -> str:
        is_parse = request.prompt.startswith("Parse")
        return "generate; none; none; none" if is_parse else "cannot: a car"

    with (
        Served(tmp_path, LastingModel(completions=script)) as served,
        served.client() as client,
    ):
        with pytest.raises(BadRequestError) as refused:
            client.images.generate(model="scripted", prompt="a car")
        assert refused.value.code == "not_drawn"
        assert "I cannot draw a car" in str(refused.value)


def test_two_concepts_of_one_kind_are_a_question_for_a_conversation(tmp_path: Path) -> None:
    model = scripted_model()
    model.completions = {**SCRIPT, "message: draw my dog": "generate; none; <c0> <c1>; none"}
    with Served(tmp_path, model) as served, served.client() as client:
        with served.http() as http:
            for name in ("bo", "mia"):
                taught = http.post(
                    "/v1/concepts",
                    data={"name": name, "kind": "dog"},
                    files={"photos": ("a.png", png())},
                )
                assert taught.status_code == 202, taught.text
        with pytest.raises(BadRequestError) as refused:
            client.images.generate(model="scripted", prompt="my dog")
        assert refused.value.code == "needs_input"


def test_one_picture_is_changed_at_a_time(served: Served) -> None:
    with served.http() as http:
        files = [("image[]", ("a.png", png())), ("image[]", ("b.png", png("blue")))]
        answer: httpx.Response = http.post(
            "/v1/images/edits", data={"prompt": "give it a hat"}, files=files
        )
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "image"
