"""The graph inside other graphs: whatever they are made of, and whatever they send it."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pytest
from fakes import png
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Command
from servers import files_with
from talk import Talk
from typing_extensions import TypedDict

from omnipersona.agent.assistant import Assistant
from omnipersona.agent.context import Context
from omnipersona.agent.state import InputState
from omnipersona.testing import ScriptedModel
from omnipersona.tools.outcome import ToolFailed

ANA = Context(user_id="ana")
SCRIPT = {
    "message: this is my friend <c0>": "teach; attached; <c0>; none",
    "Facts\nmessage: this is my friend <c0>": "<c0> kind: friend; <c0> home: a quokkahouse",
    "message: draw": "generate; none; none; none",
    "Rewrite draw": "a dog",
    "message: hello": "converse; none; none; none",
    "message: add a hat": "edit; none; none; none",
    "Rewrite edit": "a hat",
    "Chat": "Hi!",
}


@pytest.fixture(autouse=True)
def _script(model: ScriptedModel) -> None:
    model.completions = SCRIPT
    model.answers = {"": "a red picture"}


class Around(TypedDict, total=False):
    """A state that uses many of the names that the graph uses inside."""

    prompt: str
    message: str
    choice: str
    intent: str
    names: list[str]
    text: str
    answer: str
    messages: Annotated[list[AnyMessage], add_messages]


def around(session: Assistant) -> Any:
    graph = StateGraph(Around, context_schema=Context)
    graph.add_node("assistant", session.graph().compile())
    graph.add_edge(START, "assistant")
    graph.add_edge("assistant", END)
    return graph.compile()


async def test_a_parents_own_fields_are_left_alone(session: Assistant) -> None:
    own = {"prompt": "p", "message": "m", "choice": "c", "intent": "i", "names": ["n"]}
    result = await around(session).ainvoke({**own, "text": "draw a dog"}, context=ANA)
    assert {key: result[key] for key in own} == own
    assert result["text"] == "draw a dog"
    assert result["answer"] == "Here it is: a dog."


async def test_a_worker_of_a_supervisor_reads_and_answers_messages(
    session: Assistant, model: ScriptedModel
) -> None:
    data = base64.b64encode(png()).decode()
    picture = {"type": "image", "base64": data, "mime_type": "image/png"}
    asked = HumanMessage([{"type": "text", "text": "what is this?"}, picture])
    said = [HumanMessage("before"), AIMessage("yes"), asked, AIMessage("I ask my worker.")]
    model.completions = {**SCRIPT, "message: what is this": "understand; attached; none; none"}
    result = await around(session).ainvoke({"messages": said}, context=ANA)
    assert [type(one) for one in result["messages"][-2:]] == [AIMessage, AIMessage]
    assert result["messages"][-1].content == "a red picture"
    [kept] = session._deps.memory.pictures.list("ana")
    assert kept.origin == "uploaded"


@pytest.mark.filterwarnings("ignore:This API is in beta")  # as_tool, of LangChain
async def test_it_tells_its_schemas_and_can_be_a_tool(session: Assistant) -> None:
    compiled = session.graph().compile()
    inputs = compiled.get_input_jsonschema()["properties"]
    assert {"text", "messages", "picture_ids"} <= inputs.keys()
    assert compiled.get_output_jsonschema()["properties"].keys() == {
        *("answer", "details", "messages", "reply_picture_ids")
    }
    tool = compiled.as_tool(name="omnipersona", description="Knows people, pets and things.")
    assert "text" in tool.args


@pytest.mark.parametrize("given", [{}, {"text": ""}, {"messages": []}, {"picture_ids": []}])
async def test_what_says_nothing_is_a_sentence(session: Assistant, given: InputState) -> None:
    with pytest.raises(ToolFailed, match="Write something or send a picture"):
        await session.graph().compile().ainvoke(given, context=ANA)


@pytest.mark.parametrize("context", [None, Context(user_id="")])
async def test_a_missing_user_is_a_sentence(session: Assistant, context: Context | None) -> None:
    with pytest.raises(ToolFailed, match="give it a context with a user_id"):
        await session.graph().compile().ainvoke({"text": "hello"}, context=context)


RESUMES: dict[str, tuple[Any, str]] = {
    "words": ("never mind", "All right, I leave it."),
    "words in a mapping": ({"text": "never mind"}, "All right, I leave it."),
    "messages": ({"messages": [HumanMessage("never mind")]}, "All right, I leave it."),
    "a list of messages": ([HumanMessage("never mind")], "All right, I leave it."),
    "a choice": (True, "asked again"),
    "a number": (7, "asked again"),
    "pictures alone": ({"picture_ids": []}, "asked again"),
    "other types": ({"text": 3, "picture_ids": "x"}, "asked again"),
    "an unknown picture": ({"picture_ids": ["nobody's"]}, "There is no picture"),
}


@pytest.mark.parametrize("shape", RESUMES)
async def test_an_answer_of_any_shape_is_understood_or_asked_for_again(
    session: Assistant, shape: str
) -> None:
    value, expected = RESUMES[shape]
    compiled = session.graph().compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "of a parent"}}
    first = await compiled.ainvoke({"text": "add a hat"}, config, context=ANA)
    [asked] = first["__interrupt__"]
    assert asked.value["question"] == "Which picture shall I change? Please send it."
    try:
        result = await compiled.ainvoke(Command(resume=value), config, context=ANA)
        told = "asked again" if "__interrupt__" in result else result["answer"]
    except ToolFailed as error:
        told = str(error)
    assert told.startswith(expected)
    again = await compiled.ainvoke({"text": "hello"}, config, context=ANA)
    assert again["answer"] == "Hi!", "the conversation goes on"


OPEN: dict[str, Callable[[Talk], Any]] = {
    "after an answer": lambda talk: talk.reply("draw a quokkadog"),
    "while a question is open": lambda talk: talk.need(
        "this is my friend <kim>, home: a quokkahouse", png()
    ),
}


@pytest.mark.parametrize("when", OPEN)
async def test_no_checkpoint_holds_a_word(session: Assistant, data_dir: Path, when: str) -> None:
    await OPEN[when](Talk(session))
    saved = [one async for one in session._checkpoints.saver.alist(None)]
    assert saved
    text = repr(saved)
    assert not any(word in text.casefold() for word in ("quokka", "kim", "friend"))
    await session.close()
    assert not [path for path in files_with(data_dir, "quokka") if "graph" in path]


async def test_of_each_conversation_the_newest_state_is_kept(session: Assistant) -> None:
    talk = Talk(session)
    for _ in range(3):
        await talk.reply("draw a dog")
    saved = [one async for one in session._checkpoints.saver.alist(None)]
    assert len(saved) == 1


async def test_a_question_outlives_the_program(
    session: Assistant, open_session: Callable[..., Any]
) -> None:
    await Talk(session).need("this is my friend <kim>, home: a quokkahouse", png())
    await session.close()
    again = await open_session()
    reply = await Talk(again).reply("yes")
    assert "I am learning <kim> (friend)" in reply.text
    card = await again.concept_card("ana", "kim")
    assert card.facts == ("home: a quokkahouse",)


async def test_a_question_about_the_forgotten_is_not_gone_on_with(session: Assistant) -> None:
    await Talk(session, thread_id="t1").reply("draw a dog")
    question = await Talk(session, thread_id="t2").need("this is my friend <kim>", png())
    assert "kim" in question.question
    session.conversations.drop_question("ana", "t2")
    assert (await Talk(session, thread_id="t2").reply("hello")).text == "Hi!"
