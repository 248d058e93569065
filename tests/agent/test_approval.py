"""Where the user wishes so, a rewritten prompt waits for a yes, a no or other words."""

import pytest
from talk import Opener, Talk

from omnipersona.agent.events import NeedInput, Reply
from omnipersona.agent.nodes.questions import APPROVED, DROPPED, LEFT
from omnipersona.agent.turn import UserTurn
from omnipersona.model.contract import EditRequest, GenerateRequest
from omnipersona.testing import ScriptedModel

SCRIPT = {
    "message: this is my dog <c0>": "teach; attached; <c0>; none",
    "Facts\nmessage: this is my dog <c0>": "<c0> kind: dog",
    "message: draw <c0>": "generate; none; <c0>; none",
    "Rewrite draw": "<c0> in the snow",
    "message: put a hat": "edit; shown; <c0>; none",
    "Rewrite edit": "put a hat on <c0>",
}


async def _ask(talk: Talk, text: str) -> NeedInput:
    turn = UserTurn(user_id=talk.user_id, thread_id=talk.thread_id, text=text, approve_prompts=True)
    *_, last = [event async for event in talk.session.turn(turn)]
    assert isinstance(last, NeedInput), last
    return last


async def _answer(talk: Talk, text: str) -> Reply:
    turn = UserTurn(user_id=talk.user_id, thread_id=talk.thread_id, text=text, approve_prompts=True)
    *_, last = [event async for event in talk.session.turn(turn)]
    assert isinstance(last, Reply), last
    return last


@pytest.fixture
async def taught(talk: Talk, model: ScriptedModel) -> Talk:
    model.completions = SCRIPT
    await talk.teach()
    return talk


async def test_a_yes_draws_the_shown_words(taught: Talk, model: ScriptedModel) -> None:
    need = await _ask(taught, "draw <bo> in winter")
    assert (need.kind, need.choices) == ("prompt", (APPROVED, LEFT))
    assert 'draw this: "<bo> in the snow"' in need.question
    assert not model.of_type(GenerateRequest)
    await _answer(taught, "yes")
    assert model.of_type(GenerateRequest)[-1].prompt == "<c0> in the snow"


async def test_a_no_draws_nothing(taught: Talk, model: ScriptedModel) -> None:
    await _ask(taught, "draw <bo> in winter")
    assert (await _answer(taught, "no")).text == DROPPED
    assert not model.of_type(GenerateRequest)


async def test_other_words_are_drawn_instead(taught: Talk, model: ScriptedModel) -> None:
    await _ask(taught, "draw <bo> in winter")
    reply = await _answer(taught, "<bo> on a sledge")
    request = model.of_type(GenerateRequest)[-1]
    assert (request.prompt, len(request.concepts)) == ("<c0> on a sledge", 1)
    assert reply.details["rewritten"] == "<bo> on a sledge"


async def test_edits_are_asked_about_too_and_a_restart_keeps_the_question(
    taught: Talk, model: ScriptedModel, open_session: Opener
) -> None:
    await taught.reply("draw <bo> in winter")
    need = await _ask(taught, "put a hat on him")
    assert "change the picture like this" in need.question
    await taught.session.close()
    again = Talk(await open_session())
    await _answer(again, APPROVED)
    assert model.of_type(EditRequest)[-1].instruction == "put a hat on <c0>"


async def test_without_the_wish_nobody_asks(taught: Talk) -> None:
    await taught.reply("draw <bo> in winter")
