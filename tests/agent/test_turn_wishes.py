"""What a program may decide ahead of the words: the intent, and the picture spoken of before."""

from pathlib import Path

import pytest
from fakes import LastingModel, png
from talk import Talk

from omnipersona.agent.errors import kind_of, subject_of
from omnipersona.agent.events import Event, Failed, FailKind, Reply
from omnipersona.agent.turn import UserTurn
from omnipersona.model.contract import AnswerRequest, EditRequest
from omnipersona.model.errors import ModelBusy, RequestError
from omnipersona.store.errors import DuplicateConcept, PictureRejected, StorageFailed
from omnipersona.testing import Faults, ScriptedModel
from omnipersona.tools.outcome import ToolFailed, ToolRetry, tool_border

SCRIPT = {
    "message: draw": "generate; none; none; none",
    "message: forget": "forget; none; none; none",
    "message: and now": "understand; shown; none; none",
    "Rewrite draw": "a dog",
    "Rewrite edit": "a hat",
}


@pytest.fixture
def model() -> ScriptedModel:
    return LastingModel(completions=SCRIPT, answers={"and now": "it sits"})


async def last(talk: Talk, turn: UserTurn) -> Event:
    return [event async for event in talk.session.turn(turn)][-1]


@pytest.mark.parametrize("text", ["forget everybody", "no reply fits this"])
async def test_a_wished_intent_wins_over_the_words(talk: Talk, text: str) -> None:
    drawn = await last(talk, UserTurn(user_id="ana", thread_id="a", text=text, intent="generate"))
    assert isinstance(drawn, Reply)
    assert (drawn.details["intent"], len(drawn.pictures)) == ("generate", 1)
    assert drawn.details["notes"] == []


async def test_a_wished_edit_takes_the_picture_that_came(talk: Talk, model: ScriptedModel) -> None:
    await talk.reply("draw a dog")
    turn = UserTurn(
        user_id="ana", thread_id="t1", text="forget it", pictures=(png("red"),), intent="edit"
    )
    edited = await last(talk, turn)
    assert isinstance(edited, Reply)
    assert edited.details["picture"] == "attached"
    assert len(model.of_type(EditRequest)) == 1


async def test_an_earlier_picture_counts_where_none_is_known(
    talk: Talk, model: ScriptedModel, data_dir: Path
) -> None:
    turn = UserTurn(user_id="ana", thread_id="new", text="and now?", earlier=png("red"))
    reply = await last(talk, turn)
    assert isinstance(reply, Reply)
    assert reply.text == "it sits"
    assert len(list(data_dir.rglob("*.png"))) == 1
    await talk.session.delete_thread("ana", "new")
    assert list(data_dir.rglob("*.png")) == []


async def test_an_earlier_picture_gives_way_to_the_conversations_own(
    talk: Talk, model: ScriptedModel
) -> None:
    drawn = await talk.reply("draw a dog")
    turn = UserTurn(user_id="ana", thread_id="t1", text="and now?", earlier=png("green"))
    await last(talk, turn)
    assert model.of_type(AnswerRequest)[-1].images == (drawn.pictures[0].png,)


async def test_a_failure_says_of_which_kind_it_is(talk: Talk, model: ScriptedModel) -> None:
    empty = await talk.say("")
    assert isinstance(empty, Failed)
    assert empty.kind == "refused"
    faults: list[tuple[Exception, FailKind]] = [
        (ModelBusy("Too many."), "busy"),
        (RuntimeError("a bug"), "inside"),
    ]
    for error, kind in faults:
        model.complete_faults = Faults(error)
        failed = await talk.say("draw a dog")
        assert isinstance(failed, Failed)
        assert failed.kind == kind


@pytest.mark.parametrize(
    ("error", "kind", "subject"),
    [
        (DuplicateConcept("x"), "taken", "name"),
        (PictureRejected("x"), "refused", "picture"),
        (StorageFailed("x"), "inside", ""),
        (RequestError("seed", "x"), "refused", "seed"),
        (ToolFailed("x"), "refused", ""),
    ],
)
def test_an_error_is_known_through_a_tool(error: Exception, kind: str, subject: str) -> None:
    assert (kind_of(error), subject_of(error)) == (kind, subject)
    with pytest.raises((ToolFailed, ToolRetry)) as passed, tool_border():
        raise error
    assert (kind_of(passed.value), subject_of(passed.value)) == (kind, subject)
