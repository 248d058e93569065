"""First nodes of a turn: who is known, what is wanted, which picture is meant.

Knows the parse task. Does not act. An unreadable parse never becomes a guess about the words: a
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
from omnipersona.agent.parsing import read_parsed
from omnipersona.agent.prompts import PARSE_EXAMPLES
from omnipersona.agent.slots import slot_index, slot_message, suggest
from omnipersona.agent.state import ConceptCard, State, fresh_turn
from omnipersona.agent.structured_output import run_task
from omnipersona.agent.threads import in_worker
from omnipersona.agent.words import TURN, ask
from omnipersona.model.bagel.prompts import Known, Parsed, ParseState, PictureRef, parse_prompt
from omnipersona.model.contract import MAX_CONCEPTS, slot
from omnipersona.tools.concept_service import ConceptBrief, concepts_in_play, known_names
from omnipersona.tools.gallery import keep_pictures
from omnipersona.tools.outcome import ToolDeps, ToolFailed

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
        """Start the turn afresh and put slots for the names in the message."""
        update = fresh_turn()
        update["text"], update["picture_ids"] = await self._sent(state, runtime.context)
        owner, spoken_of = runtime.context.user_id, state.get("last_concept_id", "")
        cards = await cards_in_play(self._deps, owner, update["text"], spoken_of)
        update.update(slot_update({**state, **update}, cards))
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
        """Have the model read intent, picture, concepts and questions out of the message."""
        parsed, note = await self._parsed(state, runtime)
        wanted = runtime.context.intent
        if wanted:
            picture: PictureRef = "attached" if state["picture_ids"] else parsed.picture
            parsed, note = replace(parsed, intent=wanted, picture=picture), ""
        return self._parsed_update(state, parsed, note)

    async def _parsed(self, state: State, runtime: Runtime[Context]) -> tuple[Parsed, str]:
        if not state["text"].strip():
            # Pictures without a word need no reading: they are looked at.
            return Parsed(intent="understand", picture="attached"), ""
        in_play = [slot(i) for i in range(len(state["names"]))]
        reading = await in_worker(
            lambda cancel: run_task(
                self._deps.model,
                parse_prompt(state["message"], parse_state(state)),
                PARSE_EXAMPLES,
                lambda reply: read_parsed(reply, in_play),
                context=runtime.context,
                cancel=cancel,
            )
        )
        if reading is not None:
            return reading.value, ""
        mentioned = tuple(in_play[: state["num_mentioned"]])
        if state["picture_ids"]:
            return Parsed(intent="understand", picture="attached", concepts=mentioned), ""
        return Parsed(intent="converse"), NOT_UNDERSTOOD

    async def ask_concept(self, state: State) -> State:
        """Ask which one is meant where the words fit several."""
        candidates = [f"<{state['names'][slot_index(s)]}>" for s in state["concepts"]]
        choices = [*candidates, ALL_OF_THEM]
        answer = ask("choice", "Whom do you mean?", choices)
        if is_dropped(answer):
            return dropped()
        picked = pick(answer["text"], choices)
        if picked is None:
            return State(choice="")
        if picked == ALL_OF_THEM:
            return State(choice=picked)
        chosen = state["concepts"][candidates.index(picked)]
        # Questions about the others would bring in what was not meant.
        questions = [q for q in state["questions"] if chosen in q or "<c" not in q]
        return State(choice=picked, concepts=[chosen], questions=questions)

    async def unknown_concept(self, state: State, runtime: Runtime[Context]) -> State:
        """Say which name is unknown, which are known, and how to teach."""
        owner = runtime.context.user_id
        known, count = await in_worker(lambda _: known_names(self._deps, owner, _COMPARED))
        unknown = state["new_names"][0]
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

    def _parsed_update(self, state: State, parsed: Parsed, note: str) -> State:
        ref = available_picture(parsed, state)
        picture_id = {
            "attached": state["picture_ids"][-1] if state["picture_ids"] else "",
            "shown": state.get("last_picture_id", ""),
            "none": "",
        }[ref]
        return State(
            intent=parsed.intent,
            picture_ref=ref,
            source_picture_id=picture_id,
            concepts=list(parsed.concepts),
            questions=list(parsed.questions),
            notes=[note] if note else [],
        )


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


def slot_update(state: State, cards: list[ConceptCard]) -> State:
    """Return the fields that come from putting slots into the message."""
    slotted = slot_message(state["text"], cards, state.get("last_concept_id", ""))
    return State(
        cards=cards,
        message=slotted.text,
        names=list(slotted.names),
        concept_ids=list(slotted.concept_ids),
        num_mentioned=slotted.num_mentioned,
        new_names=list(slotted.new_names),
    )


def parse_state(state: State) -> ParseState:
    """Return what the parse task may know of the conversation."""
    kinds = {card["concept_id"]: card["kind"] for card in state["cards"]}
    last = state.get("last_concept_id", "")
    ids = state["concept_ids"]
    return ParseState(
        known=tuple(
            Known(slot=slot(i), kind=kinds[concept_id] or None)
            for i, concept_id in enumerate(ids)
            if concept_id
        ),
        last=slot(ids.index(last)) if last and last in ids else None,
        attached=bool(state["picture_ids"]),
        shown=bool(state.get("last_picture_id")),
    )


def available_picture(parsed: Parsed, state: State) -> PictureRef:
    """Return the picture the model named, or the one there is if it named one that is not."""
    if parsed.picture == "attached" and not state["picture_ids"]:
        return "shown" if state.get("last_picture_id") else "none"
    if parsed.picture == "shown" and not state.get("last_picture_id"):
        return "none"
    if parsed.picture == "none" and parsed.intent == "edit":
        if state["picture_ids"]:
            return "attached"
        return "shown" if state.get("last_picture_id") else "none"
    return parsed.picture


def _enumerate(names: Sequence[str]) -> str:
    return ", ".join(f"<{name}>" for name in names)
