"""Answers to a turn's questions, from two witnesses: what was said, and the learned tokens.

Knows how the witnesses are heard and that the user's word wins; where they differ, both are kept.
Does not know what the answers are for.
"""

import threading
from collections.abc import Mapping, Sequence
from typing import Final

from langgraph.runtime import Runtime

from omnipersona.agent.context import Context
from omnipersona.agent.parsing import asked_attribute, is_said, read_recall
from omnipersona.agent.prompts import RECALL_EXAMPLES
from omnipersona.agent.slots import renumber, slot_index, slots_in, unslot
from omnipersona.agent.state import Evidence, EvidenceSource, State
from omnipersona.agent.structured_output import run_task
from omnipersona.agent.threads import in_worker
from omnipersona.model.bagel.prompts import UNKNOWN, fact_sentence, recall_prompt
from omnipersona.model.contract import AnswerRequest
from omnipersona.tools.binding import concept_files, write_slots
from omnipersona.tools.concept_service import NOTE, KnownFact, find_facts
from omnipersona.tools.outcome import ToolDeps, tool_border

_WITNESSES: Final[Mapping[EvidenceSource, str]] = {
    "you said": "you told me",
    "from a file": "from a file",
    "learned tokens": "from what I learned",
}


class RetrievingNodes:
    """Nodes that look things up."""

    def __init__(self, deps: ToolDeps) -> None:
        self._deps = deps

    async def retrieve_memory(self, state: State, runtime: Runtime[Context]) -> State:
        """Answer each question of the turn from both witnesses."""
        questions = state["questions"]
        if not questions and state["intent"] == "understand":
            questions = [state["message"]]
        evidence = await in_worker(
            lambda cancel: [
                self._ask_both(question, state, runtime.context, cancel) for question in questions
            ]
        )
        return State(evidence=evidence)

    async def answer_from_memory(self, state: State) -> State:
        """Say what was found, and by whom it is known."""
        sentences = [_sentence(item) for item in state["evidence"]]
        if not any(item["answer"] for item in state["evidence"]):
            sentences += learning_notes(state, state["concepts"])
        return State(answer=" ".join(sentences))

    def _ask_both(
        self, question: str, state: State, context: Context, cancel: threading.Event
    ) -> Evidence:
        said, confidence = self._ask_facts(question, state, context, cancel)
        learned = self._ask_tokens(question, state, context, cancel)
        if said is not None:
            value = write_slots(said.value, state["names"])
            differs = learned and learned.casefold() != value.casefold()
            return Evidence(
                question=question,
                answer=value,
                source=said.source,
                fact_id=said.fact_id,
                when=said.when,
                confidence=confidence,
                other=learned if differs else "",
            )
        return Evidence(
            question=question,
            answer=learned,
            source="learned tokens" if learned else "nobody",
            fact_id="",
            when="",
            confidence=None,
            other="",
        )

    def _ask_facts(
        self, question: str, state: State, context: Context, cancel: threading.Event
    ) -> tuple[KnownFact | None, float]:
        names = state["names"]
        about = _subjects(question, state)
        ids = [i for i in (state["concept_ids"][slot_index(s)] for s in about) if i]
        asked = asked_attribute(question)
        attribute = asked[1] if asked else None
        with tool_border():
            facts = find_facts(self._deps, context.user_id, unslot(question, names), ids, attribute)
        if not facts:
            return None, 0.0
        lines = tuple(fact_line(fact, state) for fact in facts)
        reading = run_task(
            self._deps.model,
            recall_prompt(question, lines),
            RECALL_EXAMPLES,
            read_recall,
            context=context,
            cancel=cancel,
        )
        if reading is not None and reading.value is not None:
            for fact, line in zip(facts, lines, strict=True):
                # An answer that no line holds is the model's invention, not the user's word.
                if is_said(reading.value, line):
                    return fact, reading.confidence
        same = [f for f in facts if f.attribute == attribute]
        return (same[0], 1.0) if same else (None, 0.0)

    def _ask_tokens(
        self, question: str, state: State, context: Context, cancel: threading.Event
    ) -> str:
        slots = _subjects(question, state)
        ids = [state["concept_ids"][slot_index(s)] for s in slots]
        usable = {card["concept_id"] for card in state["cards"] if card["has_tokens"]}
        if not ids or not all(i in usable for i in ids):
            return ""
        with tool_border():
            request = AnswerRequest(
                question=renumber(question, slots),
                concepts=concept_files(self._deps, context.user_id, ids),
                tenant=context.user_id,
            )
            answer = "".join(self._deps.model.answer(request, cancel)).strip()
        if not answer or answer.rstrip(".").casefold() == UNKNOWN:
            return ""
        names = [state["names"][slot_index(s)] for s in slots]
        return write_slots(unslot(answer, names), state["names"])


def fact_line(fact: KnownFact, state: State) -> str:
    """Write a fact as an evidence line with slots."""
    value = write_slots(fact.value, state["names"])
    if fact.attribute == NOTE:
        return value
    ids = state["concept_ids"]
    subject = f"<c{ids.index(fact.concept_id)}>" if fact.concept_id in ids else "me"
    return fact_sentence(subject, fact.attribute, value)


def answer_lines(evidence: list[Evidence]) -> tuple[str, ...]:
    """Write the answers as evidence lines for the rewrite task."""
    lines = []
    for item in evidence:
        if item["answer"]:
            asked = asked_attribute(item["question"])
            lines.append(
                fact_sentence(asked[0], asked[1], item["answer"]) if asked else item["answer"]
            )
    return tuple(lines)


def spelled_out(evidence: Sequence[Evidence], names: Sequence[str]) -> list[Evidence]:
    """Return the evidence with the user's spellings in place of slots."""
    return [
        Evidence(
            question=unslot(item["question"], names),
            answer=unslot(item["answer"], names),
            source=item["source"],
            fact_id=item["fact_id"],
            when=item["when"],
            confidence=item["confidence"],
            other=unslot(item["other"], names),
        )
        for item in evidence
    ]


def learning_notes(state: State, slots: Sequence[str]) -> list[str]:
    """Say of each of the concepts that has no tokens how far its learning is."""
    notes = []
    for index in map(slot_index, slots):
        card = next(
            (c for c in state["cards"] if c["concept_id"] == state["concept_ids"][index]), None
        )
        if card is not None and not card["has_tokens"]:
            progress = card["learning"] or "send a few photos to teach me"
            verb = "is still being learned" if card["learning"] else "is not learned yet"
            notes.append(f"<c{index}> {verb}: {progress}.")
    return notes


def _subjects(question: str, state: State) -> tuple[str, ...]:
    """Return the slots a question is about; none where it is about the user."""
    asked = asked_attribute(question)
    if asked is not None:
        return () if asked[0] == "me" else (asked[0],)
    return slots_in(question) or tuple(state["concepts"])


def _sentence(item: Evidence) -> str:
    asked = asked_attribute(item["question"])
    if not item["answer"]:
        what = _spoken(asked) if asked else "that"
        return f"I do not know {what}."
    text = f"{_spoken(asked)} is {item['answer']}" if asked else item["answer"]
    sentence = f"{text[:1].upper()}{text[1:].rstrip('.')}"
    sentence += f" ({_WITNESSES[item['source']]})."
    if item["other"]:
        sentence += f" My own memory of it would have been: {item['other'].rstrip('.')}."
    return sentence


def _spoken(asked: tuple[str, str]) -> str:
    subject, attribute = asked
    return f"your {attribute}" if subject == "me" else f"the {attribute} of {subject}"
