"""Nodes that only talk: a question about a picture, and conversation.

Knows what goes to the understanding expert. Makes no picture and writes no memory.
"""

import threading

from langgraph.runtime import Runtime

from omnipersona.agent.context import Context
from omnipersona.agent.events import TextDelta, ThoughtDelta
from omnipersona.agent.nodes.retrieving import learning_notes
from omnipersona.agent.state import State
from omnipersona.agent.telling import teller
from omnipersona.model.contract import ConverseRequest, text_of
from omnipersona.model.slotted_text import Slots, SlottedText
from omnipersona.tools.naming import read_bracketed
from omnipersona.tools.outcome import ToolDeps, ToolOutcome, tool_border
from omnipersona.tools.threads import in_worker
from omnipersona.tools.understand import answer_question

WHAT_IS_HERE = "what is in this picture?"


class LookingNodes:
    """Nodes that answer without changing anything."""

    def __init__(self, deps: ToolDeps) -> None:
        self._deps = deps

    async def understand(self, state: State, runtime: Runtime[Context]) -> State:
        """Answer a question about a picture, with the tokens of the concepts in play."""
        question = state["message"] or SlottedText(WHAT_IS_HERE)
        # A name that is not taught has no tokens; it stays a word.
        question = read_bracketed(question.spelled, [c for c in state["in_play"] if c.id])
        about = [one for one in state["about"] if one.id]
        waiting = learning_notes(state, Slots.of(question, also=about).concepts)
        if waiting:
            return State(answer=" ".join(waiting))
        tell = teller(runtime)

        def work(cancel: threading.Event) -> ToolOutcome:
            return answer_question(
                self._deps,
                runtime.context.user_id,
                question,
                self._pictures(state),
                about,
                think=runtime.context.think,
                on_text=lambda piece: tell(TextDelta(piece)),
                on_thought=lambda piece: tell(ThoughtDelta(piece)),
                cancel=cancel,
            )

        outcome = await in_worker(work)
        thought = outcome.details.get("thought")
        return State(answer=outcome.text, details={"thought": thought} if thought else {})

    async def converse(self, state: State, runtime: Runtime[Context]) -> State:
        """Answer small talk; a message without a word gets what is said of it."""
        if not state["message"]:
            return State(answer="")
        slots = Slots(state["in_play"])
        tenant = runtime.context.user_id

        def work(cancel: threading.Event) -> str:
            with tool_border():
                request = ConverseRequest(message=slots.write(state["message"]), tenant=tenant)
                return text_of(self._deps.model.converse(request, cancel))

        return State(answer=slots.read(await in_worker(work)).spelled)

    def _pictures(self, state: State) -> tuple[str, ...]:
        if state["picture_ref"] == "attached":
            return tuple(state["picture_ids"])
        return (state["source_picture_id"],)
