"""Nodes that read and write what is known: remember, correct, forget, list.

Knows which words of the turn become facts and what is confirmed before it is lost. Writes only
what the user said.
"""

import threading
from collections.abc import Sequence
from typing import Final

from langgraph.runtime import Runtime

from omnipersona.agent.context import Context
from omnipersona.agent.nodes.questions import dropped, is_dropped, pick
from omnipersona.agent.nodes.retrieving import asked_attribute
from omnipersona.agent.state import Said, State
from omnipersona.agent.words import ask
from omnipersona.tools.concept_service import (
    NOTE,
    KnownFact,
    correct_fact,
    current_facts,
    forget_concept,
    forget_fact,
    list_known,
    remember_fact,
    show_concept,
)
from omnipersona.tools.gallery import find_picture
from omnipersona.tools.outcome import ToolDeps
from omnipersona.tools.threads import in_worker

FORGET: Final = "yes, keep the drawings"
FORGET_ALL: Final = "everything, also drawings of it"
KEEP: Final = "no"


class RememberingNodes:
    """Nodes that change or show the memory."""

    def __init__(self, deps: ToolDeps) -> None:
        self._deps = deps

    async def remember(self, state: State, runtime: Runtime[Context]) -> State:
        """Store the facts that the message states."""
        user_id, message_id = runtime.context.user_id, runtime.context.message_id

        def work(_: threading.Event) -> str:
            told = _told(state)
            for one in told:
                remember_fact(self._deps, user_id, *_stored(one), message_id)
            return f"I will remember: {'; '.join(map(_phrase, told))}."

        return State(answer=await in_worker(work))

    async def correct(self, state: State, runtime: Runtime[Context]) -> State:
        """Retire what was wrong, store what is right, and say both."""
        user_id, message_id = runtime.context.user_id, runtime.context.message_id

        def work(_: threading.Event) -> State:
            sentences, retired = [], []
            for one in _told(state):
                old = correct_fact(self._deps, user_id, *_stored(one), message_id)
                sentences.append(f"Now I know: {_phrase(one)}.")
                if old:
                    values = ", ".join(fact.value for fact in old)
                    sentences.append(f"I no longer believe: {values}.")
                retired += [fact.fact_id for fact in old]
            if self._was_drawn_with(retired, state, user_id):
                sentences.append('My last drawing used the old one; say "again" to draw it anew.')
            return State(answer=" ".join(sentences))

        return await in_worker(work)

    async def find_forgettable(self, state: State, runtime: Runtime[Context]) -> State:
        """Find the facts that a request to forget asks for; none means whole concepts.

        A request that names neither a concept nor a fact is about the user.
        """
        asked = [a for a in map(asked_attribute, state["questions"]) if a is not None]
        is_about_user = not asked and not state["about"]
        user_id = runtime.context.user_id

        def work(_: threading.Event) -> list[KnownFact]:
            if is_about_user:
                return list(current_facts(self._deps, user_id, ""))
            return [
                fact
                for subject, attribute in asked
                for fact in current_facts(self._deps, user_id, subject.id if subject else "")
                if fact.attribute == attribute
            ]

        facts = await in_worker(work)
        if not facts and (asked or is_about_user):
            return State(answer="I know nothing of that, so there is nothing to forget.")
        return State(
            details={
                "fact_ids": [fact.fact_id for fact in facts],
                "facts": [f"{fact.attribute}: {fact.value}" for fact in facts],
            }
        )

    async def confirm_forget(self, state: State) -> State:
        """Ask before anything is lost."""
        facts = state["details"].get("facts")
        if facts:
            question = f"Shall I forget this: {'; '.join(facts)}?"
            choices: tuple[str, ...] = ("yes", KEEP)
        else:
            names = ", ".join(f"<{one.name}>" for one in state["about"])
            question = f"Shall I forget {names}: photos, facts and everything learned?"
            choices = (FORGET, FORGET_ALL, KEEP)
        answer = ask("confirm", question, choices)
        picked = pick(answer["text"], choices)
        if picked == KEEP or is_dropped(answer):
            return dropped()
        return State(choice=picked or "")

    async def forget(self, state: State, runtime: Runtime[Context]) -> State:
        """Forget what was confirmed and say what is gone."""
        user_id = runtime.context.user_id
        fact_ids = state["details"].get("fact_ids")

        def work(_: threading.Event) -> State:
            if fact_ids:
                told = [forget_fact(self._deps, user_id, fact_id) for fact_id in fact_ids]
                answer = " ".join(["Forgotten.", *dict.fromkeys(filter(None, told))])
                return State(answer=answer, details={})
            with_drawings = state["choice"] == FORGET_ALL
            outcomes = [
                forget_concept(self._deps, user_id, one.id, drawings=with_drawings)
                for one in state["about"]
            ]
            return State(
                answer=" ".join(outcome.text for outcome in outcomes),
                details={
                    "forgotten": [dict(outcome.details) for outcome in outcomes],
                },
                last_concept_id="",
                last_drawing_id="",
                last_picture_id="",
                about=[],
            )

        return await in_worker(work)

    async def list_known(self, state: State, runtime: Runtime[Context]) -> State:
        """Show what is known, of the named concepts or of all."""
        user_id = runtime.context.user_id
        ids = [one.id for one in state["about"] if one.id]

        def work(_: threading.Event) -> str:
            known = [show_concept(self._deps, user_id, i).text for i in ids]
            return "\n".join(known) or list_known(self._deps, user_id).text

        return State(answer=await in_worker(work))

    def _was_drawn_with(self, fact_ids: list[str], state: State, user_id: str) -> bool:
        picture_id = state.get("last_drawing_id", "")
        record = find_picture(self._deps, user_id, picture_id) if picture_id else None
        if record is None:
            return False
        used = {item["fact_id"] for item in record.details.get("evidence", [])}
        return not used.isdisjoint(fact_ids)


def _told(state: State) -> Sequence[Said]:
    """Return the facts read, or the whole message as a note where none could be."""
    subject = state["about"][0] if state["about"] else None
    return state["said"] or (Said(subject=subject, attribute=NOTE, value=state["message"]),)


def _stored(said: Said) -> tuple[str, str, str]:
    """Return concept id ("" for the user), attribute and value as they are stored."""
    return said.subject.id if said.subject else "", said.attribute, said.value.spelled.strip()


def _phrase(said: Said) -> str:
    value = said.value.spelled.strip()
    if said.attribute == NOTE:
        return value
    return f"{f'<{said.subject.name}>' if said.subject else 'your'} {said.attribute}: {value}"
