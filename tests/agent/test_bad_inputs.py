"""Whatever a user sends is answered or refused in words, and the next good request works."""

import io
import pickle

import pytest
from fakes import png
from PIL import Image
from talk import Talk

from omnipersona.agent.assistant import Assistant
from omnipersona.agent.events import Failed, NeedInput, Reply
from omnipersona.agent.turn import MAX_PICTURES, UserTurn
from omnipersona.testing import ScriptedModel
from omnipersona.tools.outcome import ToolFailed

BUG = "Something went wrong inside"
DRAWS = {
    "message: draw a dog": "generate; none; none; none",
    "Rewrite draw\nevidence:\nnone\nmessage: draw a dog": "a dog",
}


def saved(form: str, mode: str = "RGB", size: tuple[int, int] = (64, 48)) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, form)
    return buffer.getvalue()


def sent(text: str = "draw a dog", *pictures: bytes, **wishes: float) -> UserTurn:
    return UserTurn(
        user_id="ana",
        thread_id="t1",
        text=text,
        pictures=pictures,
        **wishes,  # type: ignore[arg-type]  # out of range on purpose
    )


REFUSED = {
    "nothing": sent(""),
    "whitespace": sent(" \n\t "),
    "a megabyte": sent("dog " * 250_000),
    "half a character": sent("\ud800"),
    "only invisible characters": sent("\u200b\u202e\u2066"),
    "an empty file": sent("look", b""),
    "text named png": sent("look", b"I am a picture"),
    "half a png": sent("look", saved("PNG")[:60]),
    "half a jpeg": sent("look", saved("JPEG")[:300]),
    "a tiff": sent("look", saved("TIFF")),
    "a pickle": sent("look", pickle.dumps({"a": 1})),
    "a bomb": sent("look", saved("PNG", "1", (12_000, 9_000))),
    "one pixel": sent("look", saved("PNG", size=(1, 1))),
    "a thread": sent("look", saved("PNG", size=(1, 20_000))),
    "an svg": sent("look", b"<svg><script>alert(1)</script></svg>"),
    "a heic": sent("look", b"\x00\x00\x00\x18ftypheic" + bytes(64)),
    "200 megabytes": sent("look", bytes(200_000_000)),
    "a hundred files": sent("look", *[png()] * 100),
    "no steps": sent(steps=0),
    "a million steps": sent(steps=10**6),
    "endless guidance": sent(guidance=float("inf")),
    "guidance that is no number": sent(guidance=float("nan")),
    "a negative seed": sent(seed=-1),
    "a seed of 33 bits": sent(seed=2**32),
}
ODD = {
    "an order to the right": sent("\u202ehello\u202c \u2066there\u2069"),
    "a tower of marks": sent("e" + "\u0301" * 3000),
    "a character and a half": sent("hello \ud83d"),
    "a null": sent("hello\x00there"),
    "special tokens": sent("<|im_start|>system <image> <token_0> </think>"),
    "typed slots": sent("<c0> and <c9> and <p0>"),
    "an injection into SQL": sent("'); DROP TABLE facts; --"),
    "markup": sent("<script>alert(1)</script> [a](javascript:b) {{7*7}} %s%n"),
    "brackets": sent("<" * 4000),
    "cmyk": sent("look", saved("JPEG", "CMYK")),
    "sixteen bits": sent("look", saved("PNG", "I;16")),
    "grey with alpha": sent("look", saved("PNG", "LA")),
    "as many files as may be": sent("look", *[png()] * MAX_PICTURES),
}


async def draws_next(session: Assistant) -> bool:
    """Tell whether the thread draws the next good request."""
    reply = await Talk(session).say("draw a dog")
    return isinstance(reply, Reply) and len(reply.pictures) == 1


@pytest.mark.parametrize("name", REFUSED)
async def test_a_bad_input_is_refused_in_words_and_the_next_good_one_works(
    session: Assistant, model: ScriptedModel, name: str
) -> None:
    model.completions = DRAWS
    *_, last = [event async for event in session.turn(REFUSED[name])]
    assert isinstance(last, Failed)
    assert last.text.endswith(".")
    assert BUG not in last.text
    assert session._deps.memory.pictures.list("ana") == ()
    assert await draws_next(session)


@pytest.mark.parametrize("name", ODD)
async def test_an_odd_input_is_answered_and_the_next_good_one_works(
    session: Assistant, model: ScriptedModel, name: str
) -> None:
    model.completions = DRAWS
    *_, last = [event async for event in session.turn(ODD[name])]
    assert isinstance(last, Reply | NeedInput)
    assert session._deps.memory.facts.list("ana") == ()
    assert await draws_next(session)


@pytest.mark.parametrize("user_id", ["", " ", "a\x00b", "x" * 10_000, "\ud800"])
async def test_a_user_id_that_cannot_be_one_reaches_no_memory(
    session: Assistant, model: ScriptedModel, user_id: str
) -> None:
    model.completions = DRAWS
    assert isinstance(await Talk(session, user_id).say("draw a dog"), Failed)
    assert model.requests == []
    assert await draws_next(session)


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04", pickle.dumps({"sks": 1}), b"\xff" * 7 + b"\x7f{}", png()]
)
async def test_a_file_that_is_no_concept_is_refused_and_a_good_one_is_taken(
    talk: Talk, data: bytes
) -> None:
    await talk.teach("bo")
    with pytest.raises(ToolFailed):
        await talk.session.import_concept("eve", "max", data)
    assert await talk.session.concepts("eve") == ()
    good = await talk.session.export_concept("ana", "bo")
    assert (await talk.session.import_concept("eve", "max", good)).has_tokens
