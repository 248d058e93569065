"""Planning says what would happen and does nothing."""

import pytest
from fakes import png
from talk import Talk

from omnipersona.agent.assistant import Assistant
from omnipersona.agent.turn import UserTurn
from omnipersona.model.contract import GenerateRequest
from omnipersona.testing import ScriptedModel

DRAW = {
    "message: this is my dog <c0>": "teach; attached; <c0>; none",
    "Facts\nmessage: this is my dog <c0>": "<c0> kind: dog; <c0> toy: a ball",
    "message: draw <c0>": "generate; none; <c0>; what is the toy of <c0>?",
    "Recall": "a ball",
    "Rewrite draw": "<c0> runs",
}


async def test_a_plan_finds_evidence_and_draws_nothing(talk: Talk, model: ScriptedModel) -> None:
    model.completions = DRAW
    await talk.teach(extra=", his toy is a ball")
    plan = await talk.session.plan(
        UserTurn(user_id="ana", thread_id="t1", text="draw <bo> with his toy")
    )
    assert (plan.intent, plan.concepts, plan.next_node) == ("generate", ("bo",), "generate")
    assert plan.questions == ("what is the toy of <bo>?",)
    assert plan.evidence[0].answer.spelled == "a ball"
    assert plan.rewritten == "<bo> runs"
    assert model.of_type(GenerateRequest) == []


async def test_a_plan_stores_no_picture(session: Assistant, model: ScriptedModel) -> None:
    model.completions = {"Parse": "understand; attached; none; none"}
    plan = await session.plan(
        UserTurn(user_id="ana", thread_id="t1", text="what is this?", pictures=(png(),))
    )
    assert (plan.picture, plan.next_node) == ("attached", "understand")
    assert session._deps.memory.pictures.list("ana") == ()


async def test_a_plan_line_takes_names_as_known(session: Assistant, model: ScriptedModel) -> None:
    model.completions = {
        **DRAW,
        "picture: shown\nmessage: add a hat to <c0>": "edit; shown; <c0>; none",
        "Rewrite edit": "add a hat to <c0>",
    }
    drawn = await session.plan_line({"text": "draw Bo", "concepts": ["Bo", "mia"]})
    assert (drawn["intent"], drawn["concepts"], drawn["rewritten"]) == (
        "generate",
        ["Bo"],
        "<Bo> runs",
    )
    edited = await session.plan_line(
        {"text": "add a hat to bo", "concepts": ["bo"], "pictures": 0, "previous_picture": True}
    )
    assert (edited["intent"], edited["picture"]) == ("edit", "shown")
    assert await session.concepts("me") == ()


@pytest.mark.parametrize(
    "line",
    [
        {},
        {"text": ""},
        {"text": "a", "concepts": "bo"},
        {"text": "a", "pictures": -1},
        {"text": "a", "previous_picture": 1},
        {"text": "a", "user": "eve"},
    ],
)
async def test_a_bad_plan_line_is_refused(session: Assistant, line: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"text|concepts|pictures|previous_picture|Unknown"):
        await session.plan_line(line)
