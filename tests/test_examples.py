"""The examples do what they say."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import nbformat
import pytest
from fakes import FakePersonaModel, WordEncoder
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.messages.tool import tool_call
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from nbclient import NotebookClient
from visit import sample_photos

from omnipersona import Context, Session, Settings

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
def model() -> FakePersonaModel:
    return FakePersonaModel(
        completions={
            "message: draw": "generate; none; none; none",
            "Rewrite draw": "a red fox with a hat",
            "message: forget": "forget; none; <c0>; none",
        }
    )


@pytest.fixture
async def session(tmp_path: Path, model: FakePersonaModel) -> AsyncIterator[Session]:
    settings = Settings(data=tmp_path / "data")
    async with await Session.open(settings, model=model, encoder=WordEncoder()) as opened:
        yield opened


async def test_the_graph_is_a_node_of_another_app(session: Session) -> None:
    app = example("subgraph").build_app(session).compile()
    result = await app.ainvoke({"guest": "red fox"}, context=Context(user_id="ana"))
    assert result["card"] == "Welcome, red fox! Here it is: a red fox with a hat."


async def test_a_question_inside_the_subgraph_interrupts_the_app_around_it(
    session: Session, model: FakePersonaModel
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


class ScriptedChat(GenericFakeChatModel):
    """A chat model that calls the tools it was told to call."""

    def bind_tools(self, tools: Any, **_: Any) -> "ScriptedChat":
        return self


def scripted(*calls: tuple[str, dict[str, Any]]) -> Iterator[AIMessage]:
    for number, (name, arguments) in enumerate(calls):
        yield AIMessage("", tool_calls=[tool_call(name=name, args=arguments, id=str(number))])
    yield AIMessage("Done.")


async def test_an_agent_uses_the_tools(session: Session, model: FakePersonaModel) -> None:
    chat = ScriptedChat(
        messages=scripted(
            ("draw_picture", {"prompt": "a red fox", "seed": 1}),
            ("remember_fact", {"attribute": "home", "value": "Lyon"}),
            ("list_concepts", {}),
        )
    )
    agent = example("langchain_agent").build_agent(session, chat, "ana")
    result = await agent.ainvoke({"messages": [("user", "draw a red fox; I live in Lyon")]})
    answers = [m.text for m in result["messages"] if isinstance(m, ToolMessage)]
    assert len(answers) == 3
    assert "Lyon" in answers[1]
    [own] = (await session.album("ana")).own_facts
    assert own.value == "Lyon"


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
