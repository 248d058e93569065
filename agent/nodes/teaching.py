"""Nodes that teach a concept: read what was said, ask for what is missing, start learning.

Knows what a concept needs: a name, photos, a noun, and consent where it is a person. Each missing
thing is asked for by its own node, so that every answer is checkpointed before the next question.
"""

import threading

from langgraph.runtime import Runtime

from omnipersona.agent.context import Context
from omnipersona.agent.events import LearningStarted
from omnipersona.agent.nodes.questions import dropped, is_dropped, pick
from omnipersona.agent.state import State, Teaching, new_names
from omnipersona.agent.telling import teller
from omnipersona.agent.words import ask
from omnipersona.model.slotted_text import ConceptRef
from omnipersona.tools.naming import is_name
from omnipersona.tools.outcome import ToolDeps, ToolOutcome
from omnipersona.tools.teach import NUM_PHOTOS_ADVICE, is_person, teach_concept
from omnipersona.tools.threads import in_worker

YES, NO = "yes", "no"


class TeachingNodes:
    """Nodes that lead to a new concept."""

    def __init__(self, deps: ToolDeps) -> None:
        self._deps = deps

    async def read_teaching(self, state: State) -> State:
        """Settle name, kind and facts from what the message says."""
        subject = _taught(state)
        about = [one for one in state["said"] or () if one.subject == subject]
        known = {card["concept_id"]: card for card in state["cards"]}
        card = known.get(subject.id) if subject else None
        said = next((one.value.spelled for one in about if one.attribute == "kind"), "")
        kind = _noun(said) or (card["kind"] if card else "")
        return State(
            teaching=Teaching(
                name=subject.name if subject else "",
                kind=kind,
                facts=[
                    [one.attribute, one.value.spelled] for one in about if one.attribute != "kind"
                ],
                picture_ids=state["picture_ids"],
                asks_consent=is_person(kind) and card is None,
                has_consent=False,
            )
        )

    async def ask_name(self, state: State) -> State:
        """Ask what to call the concept."""
        answer = ask("name", "What shall I call it? A short name will do.")
        if is_dropped(answer):
            return dropped()
        name = answer["text"].strip().strip("<>.!").strip()
        return _with_answer(state, name=name if is_name(name) else "", more=answer["picture_ids"])

    async def ask_photos(self, state: State) -> State:
        """Ask for photos."""
        name = state["teaching"]["name"]
        answer = ask("photos", f"Please send {NUM_PHOTOS_ADVICE} of <{name}>.")
        if is_dropped(answer):
            return dropped()
        return _with_answer(state, more=answer["picture_ids"])

    async def ask_kind(self, state: State) -> State:
        """Ask what kind of thing it is."""
        name = state["teaching"]["name"]
        answer = ask("kind", f"Who or what is <{name}>? One word, such as dog, cat or person.")
        if is_dropped(answer):
            return dropped()
        kind = _noun(answer["text"])
        return _with_answer(state, kind=kind, more=answer["picture_ids"])

    async def ask_consent(self, state: State) -> State:
        """Ask whether a person agrees to be learned."""
        name = state["teaching"]["name"]
        question = f"<{name}> is a person. Does <{name}> agree that I learn their looks?"
        answer = ask("consent", question, (YES, NO))
        picked = pick(answer["text"], (YES, NO))
        if picked == NO or is_dropped(answer):
            return State(answer=f"Then I do not learn <{name}>, and keep nothing about it.")
        return _with_answer(state, has_consent=picked == YES)

    async def teach(self, state: State, runtime: Runtime[Context]) -> State:
        """Store the concept and start learning it in the background."""
        teaching = state["teaching"]

        def work(_: threading.Event) -> ToolOutcome:
            return teach_concept(
                self._deps,
                runtime.context.user_id,
                teaching["name"],
                teaching["kind"] or None,
                tuple((attribute, value) for attribute, value in teaching["facts"]),
                tuple(teaching["picture_ids"]),
                consent=teaching["has_consent"],
                origin=runtime.context.message_id,
            )

        outcome = await in_worker(work)
        status = self._deps.jobs.status(runtime.context.user_id, outcome.details["job_id"])
        teller(runtime)(LearningStarted(status))
        return State(
            answer=outcome.text,
            details=dict(outcome.details),
            last_concept_id=outcome.details["concept_id"],
        )


def _taught(state: State) -> ConceptRef | None:
    """Return what is taught: the first new name, else whom the model found."""
    mentioned = state["message"].concepts
    return next(iter([*new_names(state), *state["about"], *mentioned]), None)


def _with_answer(
    state: State,
    *,
    name: str = "",
    kind: str = "",
    more: list[str] | None = None,
    has_consent: bool = False,
) -> State:
    old = state["teaching"]
    noun = kind or old["kind"]
    teaching = Teaching(
        name=name or old["name"],
        kind=noun,
        facts=old["facts"],
        picture_ids=[*old["picture_ids"], *(more or [])],
        asks_consent=is_person(noun) if kind else old["asks_consent"],
        has_consent=has_consent or old["has_consent"],
    )
    return State(teaching=teaching)


def _noun(text: str) -> str:
    words = text.strip(" .!").casefold().split()
    while words and words[0] in ("a", "an", "the", "my", "it's", "it", "is", "our"):
        words = words[1:]
    return " ".join(words[:3])
