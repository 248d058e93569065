"""Nodes that only talk: a question about a picture, and conversation.

Knows what goes to the understanding expert. Makes no picture and writes no memory.
"""

import threading

from langgraph.runtime import Runtime

from omnipersona.agent.context import Context
from omnipersona.agent.events import TextDelta, ThoughtDelta
from omnipersona.agent.nodes.retrieving import learning_notes
from omnipersona.agent.slots import renumber, slot_index, slots_in, unslot
from omnipersona.agent.state import State
from omnipersona.agent.threads import in_worker, teller
from omnipersona.model.bagel.prompts import FOREIGN_PICTURE, chat_prompt
from omnipersona.model.contract import CompleteRequest
from omnipersona.tools.outcome import ToolDeps, ToolOutcome, tool_border
from omnipersona.tools.understand import answer_question

WHAT_IS_HERE = "what is in this picture?"


class LookingNodes:
    """Nodes that answer without changing anything."""

    def __init__(self, deps: ToolDeps) -> None:
        self._deps = deps

    async def understand(self, state: State, runtime: Runtime[Context]) -> State:
        """Answer a question about a picture, with the tokens of the concepts in play."""
        question = state["message"].strip() or WHAT_IS_HERE
        # Names that are not taught cannot be slots in a request; they stay words.
        in_play = tuple(
            s
            for s in dict.fromkeys((*slots_in(question), *state["concepts"]))
            if state["concept_ids"][slot_index(s)]
        )
        waiting = learning_notes(state, in_play)
        if waiting:
            return State(answer=" ".join(waiting))
        names = [state["names"][slot_index(s)] for s in in_play]
        stream = _SlotStream(names)
        tell = teller(runtime)

        def on_text(piece: str) -> None:
            ready = stream.push(piece)
            if ready:
                tell(TextDelta(ready))

        def work(cancel: threading.Event) -> ToolOutcome:
            return answer_question(
                self._deps,
                runtime.context.user_id,
                renumber(question, in_play),
                self._pictures(state),
                tuple(state["concept_ids"][slot_index(s)] for s in in_play),
                think=runtime.context.think,
                on_text=on_text,
                on_thought=lambda piece: tell(ThoughtDelta(piece)),
                cancel=cancel,
            )

        outcome = await in_worker(work)
        answer = unslot(outcome.text, names)
        if outcome.text.strip() == FOREIGN_PICTURE:
            answer = f"{FOREIGN_PICTURE} {self._deps.model.describe().world}"
        thought = outcome.details.get("thought")
        return State(answer=answer, details={"thought": thought} if thought else {})

    async def converse(self, state: State, runtime: Runtime[Context]) -> State:
        """Answer small talk."""
        tenant = runtime.context.user_id

        def work(cancel: threading.Event) -> str:
            with tool_border():
                request = CompleteRequest(prompt=chat_prompt(state["message"]), tenant=tenant)
                return self._deps.model.complete(request, cancel).text.strip()

        return State(answer=unslot(await in_worker(work), state["names"]))

    def _pictures(self, state: State) -> tuple[str, ...]:
        if state["picture_ref"] == "attached":
            return tuple(state["picture_ids"])
        return (state["source_picture_id"],)


class _SlotStream:
    """Puts names back into a stream whose pieces may cut a slot in two."""

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._held = ""

    def push(self, piece: str) -> str:
        """Take a piece and return what can be shown now."""
        self._held += piece
        start = self._held.rfind("<")
        is_open = start >= 0 and ">" not in self._held[start:] and len(self._held) - start < 4
        end = start if is_open else len(self._held)
        ready, self._held = self._held[:end], self._held[end:]
        return unslot(ready, self._names)
