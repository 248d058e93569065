"""Words of a turn that waits for an answer: kept with its conversation, not in the graph's states.

A run of the graph ends with its question, and the next one goes on in the node that asked. What the
turn's nodes had found out until then lies beside the conversation meanwhile, in the owner's name,
where forgetting finds it. Knows fields of a state. Does not know what is asked.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Final, TypedDict

from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphInterrupt
from langgraph.runtime import Runtime
from langgraph.types import Interrupt, interrupt

from omnipersona.agent.context import Context
from omnipersona.agent.events import NeedInput, NeedKind
from omnipersona.agent.state import State, with_words_of, words_of
from omnipersona.tools.outcome import ToolDeps, ToolFailed
from omnipersona.tools.threads import in_worker

TURN: Final = "turn_id"

Node = Callable[[State, Runtime[Context]], Awaitable[State]]


class Answer(TypedDict):
    """What the user sent back: words and ids of stored pictures."""

    text: str
    picture_ids: list[str]


_SENT: Final[ContextVar[Answer | None]] = ContextVar("sent", default=None)
"""What the user sent in this turn, for a question that it answers."""


def ask(kind: NeedKind, question: str, choices: Sequence[str] = ()) -> Answer:
    """Stop the turn with a question and return the user's answer when it comes.

    LangGraph runs a node again from its top then, so nothing may happen before this.
    """
    payload: dict[str, Any] = {"kind": kind, "question": question, "choices": list(choices)}
    return read_answer(interrupt(payload))


def read_answer(value: object) -> Answer:
    """Return an answer of any shape; what says nothing is an empty one, and is asked again."""
    if isinstance(value, Mapping):
        if TURN in value:
            return _SENT.get() or Answer(text="", picture_ids=[])
        messages = value.get("messages")
        if messages:
            return read_answer(messages)
        ids = value.get("picture_ids")
        text = value.get("text")
        return Answer(
            text=text if isinstance(text, str) else "",
            picture_ids=[one for one in ids if isinstance(one, str)]
            if isinstance(ids, list | tuple)
            else [],
        )
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        said = [one for one in value if isinstance(one, HumanMessage | str)]
        return read_answer(said[-1]) if said else Answer(text="", picture_ids=[])
    if isinstance(value, BaseMessage):
        return Answer(text=str(value.text), picture_ids=[])
    if isinstance(value, bool):
        return Answer(text="yes" if value else "no", picture_ids=[])
    return Answer(text="" if value is None else str(value), picture_ids=[])


def with_words(deps: ToolDeps, name: str, node: Node) -> Callable[..., Any]:
    """Return a node that finds the turn's words, also where a question came before it.

    Args:
        deps: With the memory where words wait.
        name: Of the node.
        node: Reads and returns a state.
    """

    async def run(state: State, runtime: Runtime[Context], config: RunnableConfig) -> State:
        context = runtime.context
        if context is None or not context.user_id:
            raise ToolFailed(
                "The graph does not know whose turn this is: give it a context with a user_id."
            )
        owner, thread_id = context.user_id, _thread_of(context, config)
        conversations = deps.memory.conversations
        found = State()
        if name != "load_concepts" and "message" not in state:
            kept = await in_worker(lambda _: conversations.question(owner, thread_id))
            if kept is None:
                raise ToolFailed("What I asked about is forgotten. Please say it again.")
            found = _found(kept["words"])
        token = _SENT.set(Answer(text=context.text, picture_ids=list(context.picture_ids)))
        try:
            return {**found, **await node({**found, **state}, runtime)}
        except GraphInterrupt as asked:
            question = asked.args[0][0]
            draft = {**question.value, "words": words_of({**found, **state})}
            await in_worker(lambda _: conversations.put_question(owner, thread_id, draft))
            if TURN not in state:
                # The graph of another program, whose states are its own: it is told the question.
                raise
            told = {"kind": question.value["kind"], TURN: state[TURN]}
            raise GraphInterrupt((Interrupt(value=told, id=question.id),)) from asked
        finally:
            _SENT.reset(token)

    return run


def _found(kept: Mapping[str, Any]) -> State:
    try:
        return with_words_of(kept)
    except ValueError as error:
        raise ToolFailed("I no longer know what I asked about. Please say it again.") from error


def need_input(question: Mapping[str, Any]) -> NeedInput:
    """Return the event of a question as it is kept."""
    return NeedInput(question["kind"], question["question"], tuple(question["choices"]))


def _thread_of(context: Context, config: RunnableConfig) -> str:
    if context.thread_id:
        return context.thread_id
    given = config.get("configurable", {})
    return json.dumps([given.get("thread_id", ""), given.get("checkpoint_ns", "")])
