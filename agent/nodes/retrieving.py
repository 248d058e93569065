"""Answers to a turn's questions, from two witnesses: what was said, and the learned tokens.

Knows how the witnesses are heard and that the user's word wins; where they differ, both are kept.
Does not know what the answers are for.
"""

import re
import threading
from collections.abc import Mapping, Sequence
from typing import Final

from langgraph.runtime import Runtime

from omnipersona.agent.context import Context
from omnipersona.agent.nodes.stating import is_said
from omnipersona.agent.state import Evidence, EvidenceSource, State
from omnipersona.model.contract import AnswerRequest, ConceptFile, RecallRequest, Statement, text_of
from omnipersona.model.slotted_text import ConceptRef, Slots, SlottedText
from omnipersona.tools.binding import with_concepts
from omnipersona.tools.concept_service import NOTE, KnownFact, find_facts
from omnipersona.tools.naming import read_bracketed
from omnipersona.tools.outcome import ToolDeps, tool_border
from omnipersona.tools.threads import in_worker

UNKNOWN: Final = "unknown"
"""What the learned tokens say of what was not in their lesson."""

_ATTRIBUTE: Final = re.compile(r"what is the (?P<attribute>.+) of (?P<whom><c0>|me)\?")
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
        if not any(item.answer for item in state["evidence"]):
            sentences += learning_notes(state, state["about"])
        return State(answer=" ".join(sentences))

    def _ask_both(
        self, question: SlottedText, state: State, context: Context, cancel: threading.Event
    ) -> Evidence:
        said, confidence = self._ask_facts(question, state, context, cancel)
        learned = self._ask_tokens(question, state, context, cancel)
        if said is None:
            return Evidence(
                question=question,
                answer=learned,
                source="learned tokens" if learned else "nobody",
            )
        value = read_bracketed(said.value, state["in_play"])
        differs = learned and learned.spelled.casefold() != value.spelled.casefold()
        return Evidence(
            question=question,
            answer=value,
            source=said.source,
            fact_id=said.fact_id,
            when=said.when,
            confidence=confidence,
            other=learned if differs else SlottedText(),
        )

    def _ask_facts(
        self, question: SlottedText, state: State, context: Context, cancel: threading.Event
    ) -> tuple[KnownFact | None, float]:
        ids = [one.id for one in _subjects(question, state) if one.id]
        asked = asked_attribute(question)
        attribute = asked[1] if asked else None
        with tool_border():
            facts = find_facts(self._deps, context.user_id, question.spelled, ids, attribute)
        if not facts:
            return None, 0.0
        slots = Slots(state["in_play"])
        lines = tuple(_evidence_of(fact, state, slots) for fact in facts)
        request = RecallRequest(
            question=slots.write(question),
            evidence=lines,
            num_examples=context.num_examples,
            tenant=context.user_id,
        )
        recalled = self._deps.model.recall(request, cancel)
        if recalled.answer:
            for fact, line in zip(facts, lines, strict=True):
                # An answer that no line holds is the model's invention, not the user's word.
                if is_said(recalled.answer, str(line)):
                    return fact, recalled.certainty
        same = [f for f in facts if f.attribute == attribute]
        return (same[0], 1.0) if same else (None, 0.0)

    def _ask_tokens(
        self, question: SlottedText, state: State, context: Context, cancel: threading.Event
    ) -> SlottedText:
        slots = Slots(_subjects(question, state))
        ids = [one.id for one in slots.concepts]
        usable = {card["concept_id"] for card in state["cards"] if card["has_tokens"]}
        if not ids or not all(i in usable for i in ids):
            return SlottedText()

        def ask(files: tuple[ConceptFile, ...]) -> str:
            request = AnswerRequest(
                question=slots.write(question), concepts=files, tenant=context.user_id
            )
            return text_of(self._deps.model.answer(request, cancel))

        with tool_border():
            answer = with_concepts(self._deps, context.user_id, ids, ask)
        if not answer or answer.rstrip(".").casefold() == UNKNOWN:
            return SlottedText()
        return slots.read(answer)


def asked_attribute(question: SlottedText) -> tuple[ConceptRef | None, str] | None:
    """Return whom (None is the user) and which attribute `what is the toy of <bo>?` asks for.

    None where a question is put in other words.
    """
    match = _ATTRIBUTE.fullmatch(question.template.strip())
    if match is None:
        return None
    return (None if match["whom"] == "me" else question.concepts[0]), match["attribute"]


def evidence_statements(evidence: Sequence[Evidence], slots: Slots) -> tuple[Statement, ...]:
    """Return the answers that were found, for the rewrite."""
    found = []
    for item in evidence:
        if not item.answer:
            continue
        asked, value = asked_attribute(item.question), slots.write(item.answer)
        if asked is None:
            found.append(Statement(value=value))
            continue
        subject = slots.of_concept(asked[0]) if asked[0] else ""
        found.append(Statement(subject=subject, attribute=asked[1], value=value))
    return tuple(found)


def _evidence_of(fact: KnownFact, state: State, slots: Slots) -> Statement:
    value = slots.write(read_bracketed(fact.value, state["in_play"]))
    if fact.attribute == NOTE:
        return Statement(value=value)
    subjects = [slots.of_concept(one) for one in slots.concepts if one.id == fact.concept_id != ""]
    subject = "".join(subjects)  # at most one; the user's own facts have none
    return Statement(subject=subject, attribute=fact.attribute, value=value)


def learning_notes(state: State, concepts: Sequence[ConceptRef]) -> list[str]:
    """Say of each of the concepts that has no tokens how far its learning is."""
    cards = {card["concept_id"]: card for card in state["cards"]}
    notes = []
    for one in concepts:
        card = cards.get(one.id)
        if card is not None and not card["has_tokens"]:
            progress = card["learning"] or "send a few photos to teach me"
            verb = "is still being learned" if card["learning"] else "is not learned yet"
            notes.append(f"<{one.name}> {verb}: {progress}.")
    return notes


def _subjects(question: SlottedText, state: State) -> Sequence[ConceptRef]:
    """Return whom a question is about; nobody where it is about the user."""
    asked = asked_attribute(question)
    if asked is not None:
        return () if asked[0] is None else (asked[0],)
    return question.concepts or state["about"]


def _sentence(item: Evidence) -> str:
    asked = asked_attribute(item.question)
    if not item.answer:
        what = _spoken(asked) if asked else "that"
        return f"I do not know {what}."
    answer = item.answer.spelled
    text = f"{_spoken(asked)} is {answer}" if asked else answer
    sentence = f"{text[:1].upper()}{text[1:].rstrip('.')}"
    sentence += f" ({_WITNESSES[item.source]})."
    if item.other:
        sentence += f" My own memory of it would have been: {item.other.spelled.rstrip('.')}."
    return sentence


def _spoken(asked: tuple[ConceptRef | None, str]) -> str:
    subject, attribute = asked
    return f"your {attribute}" if subject is None else f"the {attribute} of <{subject.name}>"
