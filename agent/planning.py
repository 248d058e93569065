"""What a turn would do, without doing it.

Knows the thinking nodes and runs them one by one, outside of the graph: nothing is drawn, stored
or learned.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langgraph.runtime import Runtime

from omnipersona.agent.context import Context
from omnipersona.agent.nodes.drawing import DrawingNodes
from omnipersona.agent.nodes.reading import ReadingNodes, named_update
from omnipersona.agent.nodes.retrieving import RetrievingNodes
from omnipersona.agent.routes import route_intent
from omnipersona.agent.state import ConceptCard, Evidence, State, fresh_turn
from omnipersona.tools.outcome import ToolDeps


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a message was taken to mean.

    Attributes:
        intent: One of `omnipersona.model.contract.INTENTS`.
        picture: Which picture: attached, shown or none.
        concepts: Names it is about, as spelled.
        questions: What is looked up.
        evidence: The answers and their sources.
        rewritten: The prompt that would be drawn; "" if nothing would be.
        next_node: The graph's node that would act or ask.
        answer: What would be said right away, e.g. that something cannot be drawn.
        notes: Remarks, e.g. that the message was not understood.
    """

    intent: str
    picture: str
    concepts: tuple[str, ...]
    questions: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    rewritten: str
    next_node: str
    answer: str = ""
    notes: tuple[str, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-able values."""
        return {
            "intent": self.intent,
            "picture": self.picture,
            "concepts": list(self.concepts),
            "questions": list(self.questions),
            "evidence": [item.as_dict() for item in self.evidence],
            "rewritten": self.rewritten,
            "next_node": self.next_node,
            "answer": self.answer,
            "notes": list(self.notes),
        }


class Planner:
    """Runs the thinking part of a turn."""

    def __init__(self, deps: ToolDeps) -> None:
        self._reading = ReadingNodes(deps)
        self._retrieving = RetrievingNodes(deps)
        self._drawing = DrawingNodes(deps)

    async def plan(self, state: State, context: Context) -> Plan:
        """Plan a turn with the user's own concepts and facts; `state` holds input and `last_*`."""
        runtime = Runtime(context=context)
        state = state.copy()
        state.update(await self._reading.load_concepts(state, runtime))
        return await self._think(state, runtime, reads_memory=True)

    async def plan_names(
        self,
        text: str,
        names: Sequence[str],
        *,
        is_attached: bool,
        is_shown: bool,
        context: Context,
    ) -> Plan:
        """Plan a message with `names` taken as known, touching no user's data."""
        state = fresh_turn()
        state.update(
            State(
                text=text,
                picture_ids=["attached"] if is_attached else [],
                last_picture_id="shown" if is_shown else "",
            )
        )
        cards = [
            ConceptCard(concept_id=name, name=name, kind="", has_tokens=True, learning="")
            for name in names
        ]
        state.update(named_update(state, cards))
        return await self._think(state, Runtime(context=context), reads_memory=False)

    async def _think(self, state: State, runtime: Runtime[Context], *, reads_memory: bool) -> Plan:
        state.update(await self._reading.parse_intent(state, runtime))
        node: str = route_intent(state)
        # What the user would be asked first does not keep the rest from being planned.
        is_drawn = node in ("retrieve_memory", "ask_picture", "ask_concept") and state[
            "intent"
        ] in ("generate", "edit")
        if node == "retrieve_memory" or is_drawn:
            if reads_memory:
                state.update(await self._retrieving.retrieve_memory(state, runtime))
            else:
                state["evidence"] = [Evidence(question=one) for one in state["questions"]]
        if is_drawn:
            state.update(await self._drawing.rewrite_prompt(state, runtime))
            if node == "retrieve_memory":
                node = "reply" if state["answer"] else state["intent"]
        return _plan(state, node)


def read_plan_line(line: Mapping[str, Any]) -> tuple[str, list[str], int, bool]:
    """Return text, names, number of pictures and whether one was shown before.

    Raises: ValueError: a field is missing, unknown or of another type.
    """
    allowed = {"text", "concepts", "pictures", "previous_picture"}
    unknown = set(line) - allowed
    if unknown:
        raise ValueError(f"Unknown fields {sorted(unknown)}; a line has {sorted(allowed)}.")
    text, names = line.get("text"), line.get("concepts", [])
    num_pictures, is_shown = line.get("pictures", 0), line.get("previous_picture", False)
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"text is {text!r}; it must be words.")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"concepts is {names!r}; it must be a list of names.")
    if not isinstance(num_pictures, int) or num_pictures < 0:
        raise ValueError(f"pictures is {num_pictures!r}; it must be 0 or more.")
    if not isinstance(is_shown, bool):
        raise ValueError(f"previous_picture is {is_shown!r}; it must be true or false.")
    return text, names, num_pictures, is_shown


def _plan(state: State, node: str) -> Plan:
    return Plan(
        intent=state["intent"],
        picture=state["picture_ref"],
        concepts=tuple(one.name for one in state["about"]),
        questions=tuple(question.spelled for question in state["questions"]),
        evidence=tuple(state["evidence"]),
        rewritten=state["prompt"].spelled,
        next_node=node,
        answer=state["answer"],
        notes=tuple(state["notes"]),
    )
