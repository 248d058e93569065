"""Who a message is about: known concepts, and how people refer to them.

Knows slots, nouns and pronouns. Does not know tasks.
"""

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from omnipersona.model.contract import (
    MAX_CONCEPTS,
    KnownConcept,
    PictureRef,
    ReadRequest,
    slot,
)
from omnipersona.training.corpus.facts import PRONOUNS, Wording, wording
from omnipersona.training.world.scene import SPECIES

PEOPLE: Final = (
    "friend", "sister", "brother", "mother", "father", "son", "daughter", "aunt", "uncle", "cousin",
    "wife", "husband", "neighbour", "teacher", "colleague", "grandmother", "grandfather", "baby",
    "roommate", "boss", "niece", "nephew",
)  # fmt: skip
PETS: Final = (
    "puppy", "kitten", "hamster", "parrot", "horse", "bunny", "turtle", "hedgehog", "duck", "goat",
    "pony", "mouse", "owl", "lizard", "sheep", "squirrel",
)  # fmt: skip
OWNED: Final = (
    "mug", "toy", "car", "plant", "robot", "bike", "doll", "teddy", "statue", "lamp", "backpack",
    "house", "guitar", "boat", "pillow", "cup", "clock", "bottle", "shoe", "bag",
)  # fmt: skip

_SLOT: Final = re.compile(r"<c\d>")


@dataclass(frozen=True, kw_only=True, slots=True)
class Someone:
    """A concept as a message refers to it.

    Attributes:
        slot: The concept.
        first: Its wording where it is mentioned first: slot, `my dog`, or a pronoun.
        later: Its pronoun.
    """

    slot: str
    first: Wording
    later: Wording

    @property
    def is_named(self) -> bool:
        """Whether the message writes the slot itself."""
        return self.first.subject == self.slot


def sample_kind(rng: random.Random) -> str:
    """Draw a concept's noun; half are animals that can be drawn."""
    roll = rng.random()
    if roll < 0.5:
        return rng.choice(SPECIES)
    return rng.choice(PEOPLE if roll < 0.7 else PETS if roll < 0.85 else OWNED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """What a conversation looks like when a message arrives.

    Attributes:
        known: The user's concepts.
        last: Slot of the concept spoken of last, for "he", "she", "it".
        attached: The message brings a picture.
        shown: A picture was shown earlier in the conversation.
    """

    known: tuple[KnownConcept, ...] = ()
    last: str | None = None
    attached: bool = False
    shown: bool = False

    def asking(self, message: str) -> ReadRequest:
        """Return the request to read a message in it."""
        return ReadRequest(
            message=message,
            known=self.known,
            last=self.last or "",
            num_photos=int(self.attached),
            shown=self.shown,
        )


def sample_slots(rng: random.Random, count: int) -> list[str]:
    """Draw `count` distinct slots, low ones more often."""
    highest = rng.choice((count, count, min(count + 3, MAX_CONCEPTS), MAX_CONCEPTS))
    return [slot(i) for i in rng.sample(range(highest), count)]


def sample_known(rng: random.Random, least: int = 0) -> tuple[KnownConcept, ...]:
    """Draw the user's concepts: `least` to 4, three in four with a noun."""
    count = max(least, rng.choices((0, 1, 2, 3, 4), (0.12, 0.3, 0.28, 0.18, 0.12))[0])
    slots = sorted(sample_slots(rng, count))
    return tuple(
        KnownConcept(slot=one, kind=sample_kind(rng) if rng.random() < 0.75 else "")
        for one in slots
    )


def new_slot(rng: random.Random, known: Iterable[KnownConcept]) -> str:
    """Draw a slot that is not among the known ones."""
    taken = {one.slot for one in known}
    free = [slot(i) for i in range(MAX_CONCEPTS) if slot(i) not in taken]
    return free[0] if rng.random() < 0.5 else rng.choice(free)


def pronoun(rng: random.Random) -> str:
    """Draw he, she, it or they; the last two are rarer."""
    return rng.choices(PRONOUNS, (0.4, 0.36, 0.16, 0.08))[0]


def named(rng: random.Random, one: str) -> Someone:
    """Refer to a concept by its slot."""
    return Someone(slot=one, first=wording(one), later=wording(pronoun(rng)))


def refer(rng: random.Random, state: Situation, but: str | None = None) -> Someone:
    """Refer to a known concept: by slot, by its noun, or by a pronoun if it was spoken of last.

    Args:
        rng: Draws.
        state: Who is known; with nobody known, a new slot is named.
        but: A concept not to choose.
    """
    others = [one for one in state.known if one.slot != but]
    if not others or rng.random() < 0.07:
        taken = (*state.known, KnownConcept(slot=but)) if but else state.known
        return named(rng, new_slot(rng, taken))
    if state.last is not None and state.last != but and rng.random() < 0.4:
        spoken = wording(pronoun(rng))
        return Someone(slot=state.last, first=spoken, later=spoken)
    chosen = rng.choice(others)
    alike = [one for one in state.known if one.kind == chosen.kind]
    if chosen.kind and len(alike) == 1 and rng.random() < 0.3:
        noun = f"{rng.choice(('my', 'my', 'our'))} {chosen.kind}"
        return Someone(slot=chosen.slot, first=wording(noun), later=wording(pronoun(rng)))
    return named(rng, chosen.slot)


def sample_state(
    rng: random.Random, *, least: int = 0, attached: float = 0.2, shown: float = 0.4
) -> Situation:
    """Draw what a conversation looks like; `attached` and `shown` are chances."""
    known = sample_known(rng, least)
    last = rng.choice(known).slot if known and rng.random() < 0.6 else None
    return Situation(
        known=known, last=last, attached=rng.random() < attached, shown=rng.random() < shown
    )


def slots_of(text: str) -> tuple[str, ...]:
    """Return the slots in a text in order of mention, each once."""
    return tuple(dict.fromkeys(_SLOT.findall(text)))


def renumbering(message: str, slots: Iterable[str]) -> dict[str, str]:
    """Number slots as a conversation does: in order of mention, then the others."""
    order = dict.fromkeys((*slots_of(message), *slots))
    return {old: slot(i) for i, old in enumerate(order)}


def renumbered(text: str, numbers: dict[str, str]) -> str:
    """Return the text with its slots renumbered."""
    return _SLOT.sub(lambda match: numbers.get(match[0], match[0]), text)


def picture_of(state: Situation) -> PictureRef:
    """Return the picture that a request about "the picture" means."""
    if state.attached:
        return "attached"
    return "shown" if state.shown else "none"
