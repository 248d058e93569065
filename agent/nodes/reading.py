"""First nodes of a turn: who is known, what is wanted, which picture is meant.

Does not act. An unreadable parse never becomes a guess about the words: a
message with a picture is looked at, any other one is answered in conversation.
"""

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from langgraph.runtime import Runtime

from omnipersona.agent.context import Context
from omnipersona.agent.messages import last_words
from omnipersona.agent.nodes.questions import dropped, is_dropped, pick
from omnipersona.agent.nodes.stating import read_statements, said_of
from omnipersona.agent.state import ConceptCard, State, fresh_turn, new_names
from omnipersona.agent.words import TURN, ask
from omnipersona.model.contract import (
    MAX_CONCEPTS,
    KnownConcept,
    PictureRef,
    Reading,
    ReadRequest,
)
from omnipersona.model.slotted_text import ConceptRef, Slots
from omnipersona.tools.concept_service import ConceptBrief, concepts_in_play, known_names
from omnipersona.tools.gallery import keep_pictures
from omnipersona.tools.naming import read_names, suggest
from omnipersona.tools.outcome import ToolDeps, ToolFailed
from omnipersona.tools.threads import in_worker

NOT_UNDERSTOOD: Final = (
    "I did not understand that. You can ask me about a picture, tell me about someone, "
    "or have me draw or change a picture."
)
ALL_OF_THEM: Final = "all of them"
_TOLD: Final = 20
_COMPARED: Final = 1000  # names that a misspelled one is compared with


class ReadingNodes:
    """Nodes that find out what a message means."""

    def __init__(self, deps: ToolDeps) -> None:
        self._deps = deps

    async def load_concepts(self, state: State, runtime: Runtime[Context]) -> State:
        """Start the turn afresh and find the names in the message."""
        update = fresh_turn()
        update["text"], update["picture_ids"] = await self._sent(state, runtime.context)
        owner, spoken_of = runtime.context.user_id, state.get("last_concept_id", "")
        cards = await cards_in_play(self._deps, owner, update["text"], spoken_of)
        update.update(named_update({**state, **update}, cards))
        return update

    async def _sent(self, state: State, context: Context) -> tuple[str, list[str]]:
        """Return words and kept pictures of the turn, in whatever form they came."""
        if TURN in state:
            return context.text, list(context.picture_ids)
        if state.get("text") or state.get("picture_ids"):
            return state.get("text", ""), list(state.get("picture_ids", []))
        text, pictures = last_words(state.get("messages", []))
        if not text and not pictures:
            raise ToolFailed("Write something or send a picture.")
        kept = await in_worker(
            lambda _: keep_pictures(
                self._deps, context.user_id, pictures, context.thread_id or None
            )
        )
        return text, [picture.id for picture in kept]

    async def parse_intent(self, state: State, runtime: Runtime[Context]) -> State:
        """Have the model read what the message means."""
        slots = Slots(state["in_play"])
        reading = await in_worker(
            lambda cancel: self._reading(state, slots, runtime.context, cancel)
        )
        wanted = runtime.context.intent
        note = ""
        if reading.intent is None:
            reading, note = _unread(state, slots)
        if wanted:
            picture: PictureRef = "attached" if state["picture_ids"] else reading.picture
            reading, note = replace(reading, intent=wanted, picture=picture), ""
        return _read_update(state, reading, slots, note)

    def _reading(
        self, state: State, slots: Slots, context: Context, cancel: threading.Event
    ) -> Reading:
        if not state["message"]:
            # Pictures without a word need no reading: they are looked at.
            return Reading()
        return self._deps.model.read(read_request(state, slots, context), cancel)

    async def ask_concept(self, state: State, runtime: Runtime[Context]) -> State:
        """Ask which one is meant where the words fit several, and read what is said of that one."""
        candidates = [f"<{one.name}>" for one in state["about"]]
        choices = [*candidates, ALL_OF_THEM]
        answer = ask("choice", "Whom do you mean?", choices)
        if is_dropped(answer):
            return dropped()
        picked = pick(answer["text"], choices)
        if picked is None:
            return State(choice="")
        if picked == ALL_OF_THEM:
            return State(choice=picked)
        chosen = state["about"][candidates.index(picked)]
        # Questions about the others would bring in what was not meant.
        questions = [q for q in state["questions"] if chosen in q.concepts or not q.concepts]
        said = state["said"]
        if state["intent"] in ("teach", "remember", "correct"):
            said = await in_worker(
                lambda cancel: read_statements(
                    self._deps.model,
                    state["message"],
                    [chosen],
                    state["intent"],
                    runtime.context,
                    cancel,
                )
            )
        return State(choice=picked, about=[chosen], questions=questions, said=said)

    async def unknown_concept(self, state: State, runtime: Runtime[Context]) -> State:
        """Say which name is unknown, which are known, and how to teach."""
        owner = runtime.context.user_id
        known, count = await in_worker(lambda _: known_names(self._deps, owner, _COMPARED))
        unknown = new_names(state)[0].name
        sentences = [f"I do not know <{unknown}> yet."]
        close = suggest(unknown, known)
        if close is not None:
            sentences.append(f"Did you mean <{close}>?")
        if known:
            more = f" and {count - _TOLD} more" if count > _TOLD else ""
            sentences.append(f"I know {_enumerate(known[:_TOLD])}{more}.")
        sentences.append(
            f"To teach me <{unknown}>, send a few photos and say who or what it is, "
            f'for instance "this is my dog <{unknown}>".'
        )
        return State(answer=" ".join(sentences))


async def cards_in_play(
    deps: ToolDeps, user_id: str, text: str, spoken_of: str
) -> list[ConceptCard]:
    """Return the concepts that words may mean: the named ones, and the first of the others."""

    def work(_: threading.Event) -> list[ConceptCard]:
        found = concepts_in_play(deps, user_id, text, spoken_of, MAX_CONCEPTS)
        return [card_of(brief) for brief in found]

    return await in_worker(work)


def card_of(brief: ConceptBrief) -> ConceptCard:
    """Return a concept as a turn's nodes pass it on."""
    return ConceptCard(
        concept_id=brief.concept_id,
        name=brief.name,
        kind=brief.kind,
        has_tokens=brief.has_tokens,
        learning=brief.learning,
    )


def refs_of(cards: Sequence[ConceptCard]) -> list[ConceptRef]:
    """Return concepts as texts name them."""
    return [ConceptRef(card["name"], card["concept_id"]) for card in cards]


def named_update(state: State, cards: list[ConceptCard]) -> State:
    """Return the fields that come from finding the names in the message.

    In play are those mentioned, by mention, then others (the one spoken of last first), up to the
    number a request can hold.
    """
    known = refs_of(cards)
    message = read_names(state["text"], known)
    last = state.get("last_concept_id", "")
    others = sorted(
        (one for one in known if one not in message.concepts), key=lambda one: one.id != last
    )
    in_play = [*message.concepts, *others][:MAX_CONCEPTS]
    return State(cards=cards, message=message, in_play=in_play)


def read_request(state: State, slots: Slots, context: Context) -> ReadRequest:
    """Return the request that reads a message with what is known of the conversation."""
    kinds = {card["concept_id"]: card["kind"] for card in state["cards"]}
    last = state.get("last_concept_id", "")
    return ReadRequest(
        message=slots.write(state["message"]),
        known=tuple(
            KnownConcept(slot=slots.of_concept(one), kind=kinds[one.id])
            for one in slots.concepts
            if one.id
        ),
        last=next((slots.of_concept(one) for one in slots.concepts if last and one.id == last), ""),
        num_photos=len(state["picture_ids"]),
        shown=bool(state.get("last_picture_id")),
        intent=context.intent or None,
        num_examples=context.num_examples,
        tenant=context.user_id,
    )


def _unread(state: State, slots: Slots) -> tuple[Reading, str]:
    """Return what an unreadable message is taken for, and what is said about it."""
    if state["picture_ids"]:
        mentioned = tuple(map(slots.of_concept, state["message"].concepts))
        return Reading(intent="understand", picture="attached", about=mentioned), ""
    return Reading(intent="converse"), NOT_UNDERSTOOD


def _read_update(state: State, reading: Reading, slots: Slots, note: str) -> State:
    assert reading.intent is not None, "an unreadable message has a meaning by now"
    ref = available_picture(reading, state)
    picture_id = {
        "attached": state["picture_ids"][-1] if state["picture_ids"] else "",
        "shown": state.get("last_picture_id", ""),
        "none": "",
    }[ref]
    return State(
        intent=reading.intent,
        picture_ref=ref,
        source_picture_id=picture_id,
        about=[slots.concept(one) for one in reading.about],
        questions=[slots.read(one) for one in reading.questions],
        said=said_of(reading, slots, state["message"]),
        notes=[note] if note else [],
    )


def available_picture(reading: Reading, state: State) -> PictureRef:
    """Return the picture the model named, or the one there is if it named one that is not."""
    if reading.picture == "attached" and not state["picture_ids"]:
        return "shown" if state.get("last_picture_id") else "none"
    if reading.picture == "shown" and not state.get("last_picture_id"):
        return "none"
    if reading.picture == "none" and reading.intent == "edit":
        if state["picture_ids"]:
            return "attached"
        return "shown" if state.get("last_picture_id") else "none"
    return reading.picture


def _enumerate(names: Sequence[str]) -> str:
    return ", ".join(f"<{name}>" for name in names)
