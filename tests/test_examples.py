"""The examples do what they say."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import nbformat
import pytest
from everyday import everyday
from fakes import LastingModel, WordEncoder
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.messages.tool import tool_call
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from nbclient import NotebookClient
from visit import sample_photos

from omnipersona import Assistant, Context, Settings
from omnipersona.testing import ScriptedModel

ROOT: Final = Path(__file__).parents[1]


def example(name: str) -> ModuleType:
    spec = spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def model() -> ScriptedModel:
    return LastingModel(
        completions={
            "message: draw": "generate; none; none; none",
            "Rewrite draw": "a red fox with a hat",
            "message: forget": "forget; none; <c0>; none",
        }
    )


@pytest.fixture
async def session(tmp_path: Path, model: ScriptedModel) -> AsyncIterator[Assistant]:
    settings = Settings(data=tmp_path / "data")
    async with await Assistant.open(settings, model=model, encoder=WordEncoder()) as opened:
        yield opened


async def test_the_graph_is_a_node_of_another_app(session: Assistant) -> None:
    app = example("subgraph").build_app(session).compile()
    result = await app.ainvoke({"guest": "red fox"}, context=Context(user_id="ana"))
    assert result["card"] == "Welcome, red fox! Here it is: a red fox with a hat."


async def test_a_question_inside_the_subgraph_interrupts_the_app_around_it(
    session: Assistant, model: ScriptedModel
) -> None:
    model.completions = {"message: draw": "teach; none; none; none"}
    app = example("subgraph").build_app(session).compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    await app.ainvoke({"guest": "red fox"}, config, context=Context(user_id="ana"))
    [asked] = (await app.aget_state(config)).interrupts
    assert asked.value["kind"] == "name"
    answer: Any = Command(resume={asked.id: {"text": "mia", "picture_ids": []}})
    await app.ainvoke(answer, config, context=Context(user_id="ana"))
    [asked] = (await app.aget_state(config)).interrupts
    assert asked.value["kind"] == "photos"


@pytest.mark.slow
async def test_a_person_teaches_asks_draws_and_edits_through_the_subgraph(tmp_path: Path) -> None:
    async with await Assistant.open(Settings(data=tmp_path / "nano")) as own:
        app: Any = own.graph().compile(checkpointer=InMemorySaver())
        config = {"configurable": {"thread_id": "1"}}

        async def say(text: str, picture_ids: list[str]) -> tuple[str, list[str]]:
            given = {"text": text, "picture_ids": picture_ids}
            state = await app.ainvoke(given, config, context=Context(user_id="ana", seed=3))
            return state["answer"], state["reply_picture_ids"]

        await everyday(say, lambda data: own.keep_picture("ana", data))


async def test_what_a_tool_refuses_is_told_to_the_model(session: Assistant) -> None:
    calls = (calling("show_concept", {"name": "nobody"}), AIMessage("I do not know nobody."))
    chat = ScriptedChat(messages=iter(calls))
    agent = example("langchain_agent").build_agent(session, chat, "ana")
    result = await agent.ainvoke({"messages": [("user", "show <nobody>")]})
    [told] = [m for m in result["messages"] if isinstance(m, ToolMessage)]
    assert "nobody" in told.text
    assert result["messages"][-1].text == "I do not know nobody."


class ScriptedChat(GenericFakeChatModel):
    """A chat model that calls the tools it was told to call."""

    def bind_tools(self, tools: Any, **_: Any) -> "ScriptedChat":
        return self


def calling(name: str, arguments: dict[str, Any]) -> AIMessage:
    return AIMessage("", tool_calls=[tool_call(name=name, args=arguments, id="1")])


@pytest.mark.slow
async def test_an_agent_teaches_asks_draws_and_edits(tmp_path: Path) -> None:
    async with await Assistant.open(Settings(data=tmp_path / "nano")) as own:
        photo = Path(sample_photos()[0]).read_bytes()
        photo_id = await own.keep_picture("ana", photo)
        calls = iter(
            [
                calling(
                    "teach_concept",
                    {
                        "name": "bo",
                        "kind": "dog",
                        "facts": {"toy": "a red ball"},
                        "picture_ids": [photo_id],
                    },
                ),
                calling(
                    "ask_about_pictures",
                    {"question": "what is in the picture?", "picture_ids": [photo_id]},
                ),
                calling("draw_picture", {"prompt": "<bo> in the snow", "concepts": ["bo"]}),
                calling("edit_picture", {"picture_id": photo_id, "instruction": "remove the dog"}),
                calling("show_concept", {"name": "bo"}),
                AIMessage("Done."),
            ]
        )
        chat = ScriptedChat(messages=learned_before(own, calls))
        agent = example("langchain_agent").build_agent(own, chat, "ana")
        result = await agent.ainvoke({"messages": [("user", "draw my dog <bo>")]})
    told = [json.loads(m.text) for m in result["messages"] if isinstance(m, ToolMessage)]
    assert len(told) == 5
    assert "dog" in told[1]["text"]
    assert told[2]["picture_ids"] != told[3]["picture_ids"]
    assert "a red ball" in told[4]["text"]


def learned_before(session: Assistant, calls: Iterator[AIMessage]) -> Iterator[AIMessage]:
    """Yield the calls; before a drawing, wait until the first version is learned."""
    for message in calls:
        if any(call["name"] == "draw_picture" for call in message.tool_calls):
            while not session.learn_status("ana")[0].is_usable:
                time.sleep(0.2)
        yield message


@pytest.mark.slow
def test_the_ten_line_script_teaches_asks_and_draws(capsys: pytest.CaptureFixture[str]) -> None:
    module = example("ten_lines")
    asyncio.run(module.main([Path(name) for name in sample_photos()[:2]]))
    assert "red ball" in capsys.readouterr().out
    assert Path("bo.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_notebook_runs() -> None:
    notebook = nbformat.read(ROOT / "examples" / "notebook.ipynb", as_version=4)
    NotebookClient(notebook, timeout=300).execute()
    shown = [out for cell in notebook.cells for out in cell.get("outputs", ())]
    assert any("image/png" in out.get("data", {}) for out in shown)
