"""Chat completions, as OpenAI's own client speaks them."""

import base64
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fakes import png
from openai import OpenAI
from served import Served, scripted_model, wait_for_job

from omnipersona.model.contract import AnswerRequest, EditRequest, GenerateRequest
from omnipersona.serve.http.pictures import as_data_url


def said(text: str, *pictures: bytes) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"type": "text", "text": text}]
    parts += [{"type": "image_url", "image_url": {"url": as_data_url(one)}} for one in pictures]
    return {"role": "user", "content": parts if pictures else text}


def ask(client: OpenAI, *messages: Any, **more: Any) -> Any:
    return client.chat.completions.create(model="scripted", messages=list(messages), **more)


def png_of(message: Any) -> bytes:
    [image] = message.images
    url: str = image["image_url"]["url"]
    return base64.b64decode(url.removeprefix("data:image/png;base64,"))


def test_words_are_answered(client: OpenAI) -> None:
    done = ask(client, said("hello"), temperature=0.2, max_tokens=5, user="somebody")
    assert done.choices[0].message.content == "Hello."
    assert done.choices[0].finish_reason == "stop"
    assert done.model == "scripted"
    assert done.omnipersona["intent"] == "converse"


def test_a_picture_is_looked_at(client: OpenAI, served: Served) -> None:
    done = ask(client, said("what is this?", png("red")))
    assert done.choices[0].message.content == "a red picture"
    [seen] = served.fake.of_type(AnswerRequest)[-1].images
    assert seen.startswith(b"\x89PNG")


def test_a_drawing_comes_with_the_message_and_its_story(client: OpenAI) -> None:
    first = ask(client, said("draw a red cat"), seed=7)
    again = ask(client, said("draw a red cat"), seed=7)
    assert png_of(first.choices[0].message) == png_of(again.choices[0].message)
    assert "data:" not in first.choices[0].message.content
    story = first.omnipersona
    assert (story["seed"], story["rewritten"], story["thread"]) == (7, "a red cat", None)
    assert [step["node"] for step in story["steps"]][0] == "parse_intent"


def test_wishes_reach_the_model(client: OpenAI, served: Served) -> None:
    ask(client, said("draw a cat"), extra_body={"omnipersona": {"steps": 2, "guidance": 3.0}})
    settings = served.fake.of_type(GenerateRequest)[-1].settings
    assert (settings.num_steps, settings.cfg_text_scale) == (2, 3.0)


def test_a_stream_tells_steps_words_and_picture(client: OpenAI) -> None:
    with ask(client, said("draw a red cat"), seed=3, stream=True) as stream:
        chunks = list(stream)
    words = "".join(c.choices[0].delta.content or "" for c in chunks)
    whole = ask(client, said("draw a red cat"), seed=3).choices[0].message
    assert words == whole.content
    [shown] = [c.choices[0].delta for c in chunks if hasattr(c.choices[0].delta, "images")]
    assert png_of(shown) == png_of(whole)
    extras = [c.omnipersona for c in chunks if hasattr(c, "omnipersona")]
    assert "step" in extras[0]
    assert {"progress": {"step": 4, "num_steps": 4}} in extras
    assert extras[-1]["rewritten"] == "a red cat"
    assert [c.choices[0].finish_reason for c in chunks][-1] == "stop"
    assert len({c.id for c in chunks}) == 1


def test_a_streamed_answer_is_the_whole_answer(client: OpenAI) -> None:
    with ask(client, said("what is this?", png()), stream=True) as stream:
        pieces = [chunk.choices[0].delta.content or "" for chunk in stream]
    assert "".join(pieces) == "a red picture"
    assert len([piece for piece in pieces if piece]) > 1


@pytest.mark.parametrize("by_header", [True, False])
def test_a_named_thread_is_remembered(client: OpenAI, served: Served, by_header: bool) -> None:
    name = "trip/to Rome" if by_header else "trip/to Köln"
    more: dict[str, Any] = (
        {"extra_headers": {"X-Thread": name}} if by_header else {"metadata": {"thread": name}}
    )
    drawn = ask(client, said("draw a red cat"), **more)
    assert drawn.omnipersona["thread"] == name
    ask(client, said("give it a hat"), **more)
    assert served.fake.of_type(EditRequest)[-1].image == png_of(drawn.choices[0].message)
    with served.http() as http:
        assert http.delete(f"/v1/threads/{quote(name)}").json()["deleted"] is True
    asked = ask(client, said("give it a hat"), **more)
    assert asked.omnipersona["needs"]["kind"] == "picture"


def test_a_threads_name_in_a_header_is_utf_8(served: Served) -> None:
    body = {"model": "scripted", "messages": [said("hello")]}
    with served.http() as http:
        headers = {b"X-Thread": "Köln".encode()}
        answer = http.post("/v1/chat/completions", json=body, headers=headers).json()
        assert answer["omnipersona"]["thread"] == "Köln"


def test_without_a_thread_the_last_picture_of_the_messages_counts(
    client: OpenAI, served: Served
) -> None:
    drawn = ask(client, said("draw a red cat")).choices[0].message
    ask(client, said("draw a red cat"), drawn.model_dump(), said("give it a hat"))
    assert served.fake.of_type(EditRequest)[-1].image.startswith(b"\x89PNG")
    sent = said("what is this?", png("red"))
    answer = {"role": "assistant", "content": "a red picture"}
    done = ask(client, sent, answer, said("and now?"))
    assert done.choices[0].message.content == "still red"


def test_without_a_thread_nothing_is_kept(client: OpenAI, served: Served) -> None:
    ask(client, said("draw a red cat"))
    ask(client, said("what is this?", png("red")))
    pictures = [path for path in served.settings.data.rglob("*") if path.suffix == ".png"]
    assert pictures == []
    asked = ask(client, said("give it a hat"))
    assert asked.omnipersona["needs"]["kind"] == "picture"


def test_a_question_is_an_answer_and_the_next_message_answers_it(tmp_path: Path) -> None:
    with Served(tmp_path, scripted_model()) as served, served.client() as client:
        messages: list[Any] = [said("this is my dog", png("red"))]

        def say(words: str) -> Any:
            messages.append(said(words))
            return hear()

        def hear() -> Any:
            done = ask(client, *messages)
            assert done.choices[0].finish_reason == "stop"
            messages.append({"role": "assistant", "content": done.choices[0].message.content})
            return done.omnipersona

        assert hear()["needs"]["kind"] == "name"
        assert say("Bo")["needs"]["kind"] == "kind"
        job_id = say("dog")["job"]["id"]
        with served.http() as http:
            assert wait_for_job(http, job_id)["state"] == "ready"
            assert [one["name"] for one in http.get("/v1/concepts").json()["data"]] == ["Bo"]
            [yes, *_] = say("forget <Bo>")["needs"]["choices"]
            assert say(yes)["intent"] == "forget"
            assert http.get("/v1/concepts").json()["data"] == []


def test_a_question_that_nobody_answers_leaves_nothing(tmp_path: Path) -> None:
    with Served(tmp_path, scripted_model()) as served, served.client() as client:
        ask(client, said("this is my dog", png("red")))
        assert len(list(tmp_path.rglob("*.png"))) == 1
        other = ask(client, said("Bo")).choices[0].message.content
        assert other != "Please send one to ten photos of <Bo>."
    assert list(tmp_path.rglob("*.png")) == []


def test_pictures_can_stand_in_the_text(tmp_path: Path) -> None:
    model = scripted_model()
    with (
        Served(tmp_path, model, api_pictures="markdown") as served,
        served.client() as client,
    ):
        message = ask(client, said("draw a red cat"), seed=1).choices[0].message
        assert f"![]({message.images[0]['image_url']['url']})" in message.content
        shown = {"role": "assistant", "content": message.content}
        ask(client, said("draw a red cat"), shown, said("give it a hat"))
        assert len(served.fake.of_type(EditRequest)) == 1
