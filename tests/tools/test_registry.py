"""Tools work without the graph, for the user they were made for."""

import asyncio
import base64

import pytest
from fakes import png
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.tools import ToolException
from pydantic import ValidationError

from omnipersona.model.contract import AnswerRequest, GenerateRequest
from omnipersona.testing import ScriptedModel
from omnipersona.tools.outcome import ToolDeps, ToolFailed
from omnipersona.tools.registry import PROGRESS, build_tools


def test_draw_edit_and_ask_with_plain_dicts(
    deps: ToolDeps, model: ScriptedModel, bo_id: str
) -> None:
    model.answers = {"<c0>": "yes, <c0>"}
    tools = build_tools(deps, "ana")
    drawn = tools["draw_picture"].invoke({"prompt": "<Bo> runs", "concepts": ["bo"], "seed": 1})
    assert model.of_type(GenerateRequest)[0].prompt == "<c0> runs"
    picture_id = drawn["picture_ids"][0]
    edited = tools["edit_picture"].invoke({"picture_id": picture_id, "instruction": "add a hat"})
    assert deps.memory.pictures.get("ana", edited["picture_ids"][0]).parent_id == picture_id
    asked = tools["ask_about_pictures"].invoke(
        {"question": "is <bo> here?", "picture_ids": [picture_id], "concepts": ["bo"]}
    )
    assert asked["text"] == "yes, <bo>"


def test_a_picture_in_base64_becomes_an_id(deps: ToolDeps) -> None:
    tools = build_tools(deps, "ana")
    kept = tools["keep_picture"].invoke({"base64": base64.b64encode(png()).decode()})
    assert deps.memory.pictures.read("ana", kept["picture_ids"][0])
    with pytest.raises(ValidationError, match="Base64"):
        tools["keep_picture"].invoke({"base64": "no!"})
    with pytest.raises(ToolFailed, match="picture"):
        tools["keep_picture"].invoke({"base64": base64.b64encode(b"words").decode()})


def test_teach_list_correct_and_forget(deps: ToolDeps, photo_id: str) -> None:
    tools = build_tools(deps, "ana")
    taught = tools["teach_concept"].invoke(
        {"name": "mia", "kind": "cat", "facts": {"toy": "a ball"}, "picture_ids": [photo_id]}
    )
    assert tools["learning_progress"].invoke({})["text"].startswith("<mia>: ")
    assert deps.jobs.wait("ana", taught["details"]["job_id"]).state == "ready"
    tools["remember_fact"].invoke({"name": "mia", "attribute": "home", "value": "the beach"})
    corrected = tools["correct_fact"].invoke({"name": "mia", "attribute": "toy", "value": "a kite"})
    assert corrected["details"]["retired"] == ["a ball"]
    shown = tools["show_concept"].invoke({"name": "Mia"})["text"]
    assert shown == "<mia>: cat; home: the beach; toy: a kite; 1 photo."
    assert tools["list_concepts"].invoke({})["details"]["concepts"] == ["mia"]
    tools["forget_concept"].invoke({"name": "mia"})
    assert deps.memory.concepts.list("ana") == ()


def test_no_argument_can_name_another_user(deps: ToolDeps, bo_id: str) -> None:
    for tool in build_tools(deps, "eve").values():
        assert "user_id" not in tool.args
    with pytest.raises(ToolFailed):
        build_tools(deps, "eve")["show_concept"].invoke({"name": "bo"})
    with pytest.raises(ValidationError):
        build_tools(deps, "eve")["show_concept"].invoke({"name": "bo", "user_id": "ana"})


@pytest.mark.parametrize("bad", [{"seed": -1}, {"seed": 2**32}, {"steps": 0}, {"prompt": ""}])
def test_values_out_of_range_are_refused(deps: ToolDeps, bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        build_tools(deps, "ana")["draw_picture"].invoke({"prompt": "a dog", **bad})


def test_a_missing_photo_can_be_mended_by_the_caller(deps: ToolDeps) -> None:
    with pytest.raises(ToolException, match="photo"):
        build_tools(deps, "ana")["teach_concept"].invoke({"name": "mia", "kind": "cat"})


def test_a_person_is_not_learned_without_consent(deps: ToolDeps, photo_id: str) -> None:
    lesson = {"name": "tom", "kind": "friend", "picture_ids": [photo_id]}
    tools = build_tools(deps, "ana")
    with pytest.raises(ToolException, match="consent"):
        tools["teach_concept"].invoke(lesson)
    assert deps.memory.concepts.list("ana") == ()
    tools["teach_concept"].invoke({**lesson, "consent": True})
    assert deps.memory.concepts.find("ana", "tom").consent


def test_typed_slots_and_special_tokens_stay_words(
    deps: ToolDeps, model: ScriptedModel, bo_id: str
) -> None:
    tools = build_tools(deps, "ana")
    tools["draw_picture"].invoke({"prompt": "<c0> and <|im_start|> with <bo>", "concepts": ["bo"]})
    assert model.of_type(GenerateRequest)[0].prompt == "c0 and |im_start| with <c0>"
    assert model.of_type(AnswerRequest) == []


async def test_a_cancelled_tool_stops_the_model_within_a_step(
    deps: ToolDeps, model: ScriptedModel
) -> None:
    model.step_seconds = 0.01
    draw = build_tools(deps, "ana")["draw_picture"]
    task = asyncio.create_task(draw.ainvoke({"prompt": "a dog", "steps": 1000}))
    while model.steps_done < 3:
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    before = model.steps_done
    await asyncio.sleep(0.1)
    assert model.steps_done <= before + 1
    assert deps.memory.pictures.list("ana") == ()


async def test_a_tool_tells_its_progress(deps: ToolDeps) -> None:
    told: list[tuple[str, dict[str, int]]] = []

    class Listener(AsyncCallbackHandler):
        async def on_custom_event(self, name: str, data: dict[str, int], **_: object) -> None:
            told.append((name, data))

    draw = build_tools(deps, "ana")["draw_picture"]
    await draw.ainvoke({"prompt": "a dog", "steps": 3}, {"callbacks": [Listener()]})
    assert told == [(PROGRESS, {"step": step, "num_steps": 3}) for step in (1, 2, 3)]
