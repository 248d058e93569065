"""What users state about their people, pets and things: attributes, values and their wording.

Knows `world` for what can be drawn. Does not know tasks or pictures. Values are canonical lower
case phrases such as `a red ball`, `the beach`, `sushi`, `march`, `7 years`.
"""

import random
from dataclasses import dataclass
from typing import Final

from omnipersona.model.bagel.prompts import fact_question
from omnipersona.training.corpus.attributes import ATTRIBUTES, OPEN_NOUNS, OTHER_VALUES
from omnipersona.training.corpus.phrasing import Split, read_phrases
from omnipersona.training.corpus.words import (
    CANONICAL_PLACES,
    PLACE_NAMES,
    accessory_phrase,
    colored,
    random_color,
    random_species,
    thing_phrase,
)
from omnipersona.training.world.scene import (
    PLACES,
    Accessory,
    Thing,
    sample_accessory,
    sample_thing,
)

_CANONICAL_QUESTION: Final = 0.4


@dataclass(frozen=True, kw_only=True, slots=True)
class StatedFact:
    """A value of an attribute and, where it can be drawn, what to draw."""

    attribute: str
    value: str
    place: str | None = None
    thing: Thing | None = None
    accessory: Accessory | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """How a subject is spoken of: `he`, `his`, `him` and whether its verbs end in s."""

    subject: str
    possessive: str
    object: str
    third: bool = True

    def filling(self) -> dict[str, str]:
        """Return what templates may hold: {s} {p} {o} {is} {has} {do} {es} {self}."""
        is_form = "is" if self.third else ("am" if self.subject == "i" else "are")
        return {
            "s": self.subject,
            "p": self.possessive,
            "o": self.object,
            "is": is_form,
            "has": "has" if self.third else "have",
            "do": "does" if self.third else "do",
            "es": "s" if self.third else "",
        }


_PRONOUNS: Final[dict[str, Wording]] = {
    "he": Wording(subject="he", possessive="his", object="him"),
    "she": Wording(subject="she", possessive="her", object="her"),
    "it": Wording(subject="it", possessive="its", object="it"),
    "they": Wording(subject="they", possessive="their", object="them", third=False),
    "i": Wording(subject="i", possessive="my", object="me", third=False),
}
PRONOUNS: Final = ("he", "she", "it", "they")


def wording(subject: str) -> Wording:
    """Return how to speak of `subject`: a slot, a noun phrase, or he, she, it, they, i."""
    known = _PRONOUNS.get(subject)
    return known or Wording(subject=subject, possessive=f"{subject}'s", object=subject)


_SAID: Final = read_phrases("facts")
_STATE_ANY: Final = _SAID["state any"]
_ASK_ANY: Final = _SAID["ask any"]

DRAWABLE: Final = tuple(one.name for one in ATTRIBUTES.values() if one.drawable)

# Nobody lives in the night.
_HOMES: Final = tuple(place for place in PLACES if place != "night")
_ONSETS: Final = "b d f g k l m n p r s t v z br dr fl gr kr pl st tr sh".split()  # noqa: SIM905
_VOWELS: Final = "a e i o u a e i o ai oo".split()  # noqa: SIM905


# "she loves dravo" could be food as well as a hobby.
_NEVER_INVENTED: Final = ("age", "birthday", "hobby")


def invented_word(rng: random.Random) -> str:
    """Return a pronounceable word that means nothing, e.g. `dravofi`."""
    syllables = rng.choice((2, 2, 3))
    word = "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) for _ in range(syllables))
    return word + rng.choice(("", "", "n", "l", "s", "r"))


def _invented_value(rng: random.Random, attribute: str) -> str:
    if attribute in OTHER_VALUES and rng.random() < 0.5:
        return rng.choice(OTHER_VALUES[attribute])
    word = invented_word(rng)
    if attribute in ("toy", "clothes", "job"):
        return rng.choice((f"a {word}", f"a {random_color(rng)} {word}"))
    if attribute == "home":
        return rng.choice((f"the {word}", word))
    return word


def invented_fact(rng: random.Random) -> StatedFact:
    """Draw a fact whose value is unusual or means nothing, and that nothing can draw."""
    attribute = rng.choice([name for name in ATTRIBUTES if name not in _NEVER_INVENTED])
    return StatedFact(attribute=attribute, value=_invented_value(rng, attribute))


def open_fact(rng: random.Random) -> StatedFact:
    """Draw a fact of an attribute outside the table, so that its noun must be copied."""
    words = [
        *ATTRIBUTES["hobby"].values,
        *ATTRIBUTES["nickname"].values,
        *ATTRIBUTES["food"].values,
    ]
    value = invented_word(rng) if rng.random() < 0.5 else rng.choice(words)
    return StatedFact(attribute=rng.choice(OPEN_NOUNS), value=value)


def another_value(rng: random.Random, fact: StatedFact) -> StatedFact:
    """Draw a fact of the same attribute."""
    if fact.attribute in ATTRIBUTES:
        return sample_fact(rng, fact.attribute)
    return StatedFact(attribute=fact.attribute, value=open_fact(rng).value)


def nouns_of(attribute: str) -> tuple[str, ...]:
    """Return how people call an attribute."""
    if attribute in ATTRIBUTES:
        return ATTRIBUTES[attribute].nouns
    return (attribute, f"favourite {attribute}", f"favorite {attribute}")


def sample_fact(
    rng: random.Random, attribute: str | None = None, friends: tuple[str, ...] = ()
) -> StatedFact:
    """Draw a fact of any attribute, or of the one given; `friends` are slots that can be one."""
    name = attribute or rng.choice(tuple(ATTRIBUTES))
    if name == "toy":
        thing = sample_thing(rng, 0.5)
        return StatedFact(attribute=name, value=thing_phrase(thing), thing=thing)
    if name == "clothes":
        accessory = sample_accessory(rng)
        return StatedFact(attribute=name, value=accessory_phrase(accessory), accessory=accessory)
    if name == "home":
        place = rng.choice(_HOMES)
        return StatedFact(attribute=name, value=PLACE_NAMES[place], place=place)
    if name == "friend":
        someone = colored(random_color(rng), random_species(rng))
        value = rng.choice(friends) if friends and rng.random() < 0.6 else someone
        return StatedFact(attribute=name, value=value)
    return StatedFact(attribute=name, value=rng.choice(ATTRIBUTES[name].values))


def sample_facts(
    rng: random.Random, count: int, friends: tuple[str, ...] = ()
) -> tuple[StatedFact, ...]:
    """Draw `count` facts of distinct attributes.

    Raises: ValueError: more facts than there are attributes.
    """
    names = rng.sample(tuple(ATTRIBUTES), count)
    return tuple(sample_fact(rng, name, friends) for name in names)


def fact_questions(rng: random.Random, split: Split, slot: str, fact: StatedFact) -> str:
    """Ask for the value of `fact` of `slot` (or he, she, it, they, i) in one of many ways."""
    attribute = ATTRIBUTES.get(fact.attribute)
    words = wording(slot)
    if slot.startswith("<") and rng.random() < _CANONICAL_QUESTION:
        return fact_question(slot, fact.attribute)
    group = attribute.questions if attribute and rng.random() < 0.5 else _ASK_ANY
    noun = rng.choice(nouns_of(fact.attribute))
    return group.pick(rng, split, **_filling(words), noun=noun)


def fact_statement(rng: random.Random, split: Split, subject: str, fact: StatedFact) -> str:
    """State `fact` of `subject` (a slot, a noun phrase, or he, she, it, they, i); no full stop."""
    attribute = ATTRIBUTES.get(fact.attribute)
    words = wording(subject)
    group = attribute.statements if attribute and rng.random() < 0.5 else _STATE_ANY
    at = f"in {fact.value}" if fact.place is None else CANONICAL_PLACES[fact.place]
    noun = rng.choice(nouns_of(fact.attribute))
    return group.pick(rng, split, **_filling(words), noun=noun, v=fact.value, at=at)


def _filling(words: Wording) -> dict[str, str]:
    more = {
        "ve": "s" if words.third else "ve",
        "e": "e" if words.third else "",
        "was": "were" if words.subject == "they" else "was",
    }
    return words.filling() | more
