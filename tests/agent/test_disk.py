"""A disk that is full in the middle of a turn: a sentence, nothing half kept, and on with it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fakes import png
from talk import Talk

from omnipersona.agent.events import Failed
from omnipersona.agent.sqlite_checkpoints import SqliteCheckpoints
from omnipersona.testing import ScriptedModel

SCRIPT = {
    "message: draw": "generate; none; none; none",
    "Rewrite draw": "a dog",
    "message: this is my dog <c0>": "teach; attached; <c0>; none",
    "Facts\nmessage: this is my dog <c0>": "<c0> kind: dog",
}


@contextmanager
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", full)
        yield


@pytest.mark.parametrize(("text", "pictures"), [("draw a dog", ()), ("look", (png(), png("blue")))])
async def test_a_picture_that_cannot_be_saved_fails_its_turn_alone(
    talk: Talk,
    model: ScriptedModel,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    pictures: tuple[bytes, ...],
) -> None:
    model.completions = SCRIPT
    with full_disk(monkeypatch):
        last = await talk.say(text, *pictures)
    assert isinstance(last, Failed)
    assert "No space left on device. Free some space" in last.text
    assert talk.session._deps.memory.pictures.list("ana") == ()
    assert len((await talk.reply("draw a dog")).pictures) == 1


async def test_learning_that_cannot_save_tokens_fails_with_the_reason(
    talk: Talk, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.completions, model.step_seconds = SCRIPT, 0.1
    reply = await talk.reply("this is my dog <bo>", png())
    job_id = reply.details["job_id"]
    with full_disk(monkeypatch):
        *_, last = [s async for s in talk.session.watch_learning("ana", job_id)]
    assert last.state == "failed"
    assert "No space left on device" in last.message
    assert not (await talk.session.concept_card("ana", "bo")).has_tokens
    await talk.teach("bo")
    assert (await talk.session.concept_card("ana", "bo")).has_tokens


async def test_a_conversation_that_cannot_be_saved_fails_its_turn_alone(
    talk: Talk, model: ScriptedModel
) -> None:
    model.completions = SCRIPT
    checkpoints = talk.session._checkpoints
    assert isinstance(checkpoints, SqliteCheckpoints)
    connection = checkpoints._connection
    await connection.execute_fetchall("PRAGMA query_only = ON")
    last = await talk.say("draw a dog")
    assert isinstance(last, Failed)
    assert "readonly" in last.text
    await connection.execute_fetchall("PRAGMA query_only = OFF")
    assert len((await talk.reply("draw a dog")).pictures) == 1
