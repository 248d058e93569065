"""Messages as people write them: what do they want, of which picture and of whom?

`phrasings.json` was written by hand, apart from the templates that nano's messages are drawn from,
and is read here only. A message counts as the agent takes it, its retry and fallbacks included.
"""

import json
from pathlib import Path
from typing import Final, NamedTuple

from omnipersona.agent.context import Context
from omnipersona.agent.nodes.reading import available_picture, named_update, read_request
from omnipersona.agent.state import ConceptCard, State, fresh_turn
from omnipersona.bench.rows import Row, Tally
from omnipersona.bench.sample import Section, within
from omnipersona.model.contract import INTENTS, PersonaModel, Reading
from omnipersona.model.slotted_text import Slots

PHRASINGS: Final = Path(__file__).with_name("phrasings.json")

_STRIDE: Final = 127  # prime to their number: a short sample, too, meets every intent


class Phrasing(NamedTuple):
    """A message, the conversation that it arrives in, and what is meant.

    Attributes:
        text: As written.
        known: Concepts by name, with their nouns.
        last: Name of the concept spoken of last; "" for none.
        attached: The message brings a picture.
        shown: A picture was shown before.
        intent: What is wanted.
        picture: Which picture: attached, shown or none.
        about: Names of the concepts it is about.
    """

    text: str
    known: dict[str, str]
    last: str
    attached: bool
    shown: bool
    intent: str
    picture: str
    about: frozenset[str]


def read_phrasings() -> tuple[Phrasing, ...]:
    """Return all messages, those of one situation together."""
    found = list[Phrasing]()
    for group in json.loads(PHRASINGS.read_text(encoding="utf-8")):
        texts, about = group.pop("texts"), frozenset(group.pop("about"))
        found += [Phrasing(text=text, about=about, **group) for text in texts]
    return tuple(found)


def phrasing_rows(model: PersonaModel, section: Section) -> list[Row]:
    """Return how many messages are taken as meant: intent, picture, concepts, and all three."""
    phrasings = read_phrasings()
    by_intent, found = Tally(), Tally()

    def one(i: int) -> None:
        phrasing = phrasings[i * _STRIDE % len(phrasings)]
        taken = take(model, phrasing)
        hits = {
            "intent": taken.intent == phrasing.intent,
            "picture": taken.picture == phrasing.picture,
            "whom": taken.about == phrasing.about,
        }
        by_intent.add(phrasing.intent, hits["intent"])
        for name, hit in hits.items():
            found.add(name, hit)
        found.add("all", all(hits.values()))

    for _ in within(section, one):
        pass
    rows = [found.row(f"free phrasings: {name}", name) for name in ("intent", "picture", "whom")]
    rows.append(found.row("free phrasings: all three", "all"))
    return rows + [by_intent.row(f"free phrasings: {intent}", intent) for intent in INTENTS]


class Taken(NamedTuple):
    """What a message was taken for; fields as in `Phrasing`."""

    intent: str
    picture: str
    about: frozenset[str]


def take(model: PersonaModel, phrasing: Phrasing) -> Taken:
    """Return what the agent takes a message for; an unreadable reply is small talk to it."""
    state = _state(phrasing)
    slots = Slots(state["in_play"])
    reading = model.read(read_request(state, slots, Context(user_id="bench")))
    if reading.intent is None:
        reading = Reading(intent="converse")
    return Taken(
        intent=reading.intent or "",
        picture=available_picture(reading, state),
        about=frozenset(slots.concept(one).name for one in reading.about),
    )


def _state(phrasing: Phrasing) -> State:
    state = fresh_turn()
    state.update(
        State(
            text=phrasing.text,
            picture_ids=["attached"] if phrasing.attached else [],
            last_picture_id="shown" if phrasing.shown else "",
            last_concept_id=phrasing.last,
        )
    )
    cards = [
        ConceptCard(concept_id=name, name=name, kind=kind, has_tokens=True, learning="")
        for name, kind in phrasing.known.items()
    ]
    state.update(named_update(state, cards))
    return state
