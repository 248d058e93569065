"""What users state about their people, pets and things: attributes, values and their wording.

Knows `world` for what can be drawn. Does not know tasks or pictures. Values are canonical lower
case phrases such as `a red ball`, `the beach`, `sushi`, `march`, `7 years`.
"""

import random
from dataclasses import dataclass
from typing import Final

from omnipersona.model.nano.corpus.attributes import ATTRIBUTES, OPEN_NOUNS, OTHER_VALUES
from omnipersona.model.nano.corpus.phrasing import Phrases, Split
from omnipersona.model.nano.corpus.words import (
    CANONICAL_PLACES,
    PLACE_NAMES,
    accessory_phrase,
    colored,
    random_color,
    random_species,
    thing_phrase,
)
from omnipersona.model.nano.world import (
    PLACES,
    Accessory,
    Thing,
    sample_accessory,
    sample_thing,
)
from omnipersona.model.skills import fact_question

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


_STATE_ANY: Final = Phrases(
    "{p} {noun} is {v}",
    "the {noun} of {o} is {v}",
    "{v} is {p} {noun}",
    "{p} {noun}: {v}",
    "{p} {noun} is {v}, you know",
    "the {noun} of {o} would be {v}",
    "{p} very own {noun} is {v}",
    "{s} {has} {v} as {noun}",
    "for {o} the {noun} is {v}",
    "{s} {has} {v} as {p} {noun}",
    "{p} {noun}[, that is|, that's|, it's] {v}",
    "the {noun} of {o}: {v}",
    "[about|as for|regarding] {p} {noun}[: it is|, it is|: it's|, it's|:] {v}",
    "as [{p}|] {noun}[,|] {s} {has} {v}",
    "{p} {noun} [happens to be|would be|has always been|is still|is simply|is in fact] {v}",
    "the {noun} of {o} happens to be {v}",
    "{v} [would be|has always been|happens to be|is] {p} [very own|one and only|own] {noun}",
    "when it comes to {p} {noun}, [it is|it's|that is] {v}",
    "what {s} [call{es}|would call] {p} {noun} is {v}",
    "as for {p} {noun}, that is {v}",
    "{v} is what {s} [call{es}|would call|{has} as] {p} {noun}",
    "{p} {noun} is [none other than|always|of course|definitely|surely] {v}",
    "[if you ask about|speaking of] {p} {noun}, it is {v}",
)
_ASK_ANY: Final = Phrases(
    "what is {p} {noun}?",
    "what's {p} {noun}?",
    "what is the {noun} of {o}?",
    "do you know {p} {noun}?",
    "tell me {p} {noun}",
    "which one is {p} {noun}?",
    "can you tell me what {p} {noun} is?",
    "what was {p} {noun} again?",
    "{p} {noun}?",
    "i forgot {p} {noun}, what is it?",
    "remind me, what is {p} {noun}?",
    "do you remember {p} {noun}?",
    "do you [know|remember] [what {p} {noun} is|which one is {p} {noun}|the {noun} of {o}]?",
    "[what was|which one was|which one is] the {noun} of {o}[ again|]?",
    "[so|and|now|tell me,|say,] what [is|was] {p} {noun}[ again|]?",
    "do you still know {p} {noun}?",
    "do you still [know|remember] [what {p} {noun} is|the {noun} of {o}]?",
    "[can|could|would] you [please|] tell me [{p} {noun}|the {noun} of {o}]?",
    "[please|] [tell|remind] me [of {p} {noun}|what {p} {noun} is|about {p} {noun}]",
    "can you remind me of {p} {noun}?",
    "[i forgot|i don't know|i can't remember] {p} {noun}, [do you know it|can you tell me]?",
    "[i'd like|i want|i would like] to know [{p} {noun}|what {p} {noun} is|the {noun} of {o}]",
    "[any idea|do you have any idea|have you noted|did i say|did i tell you] what {p} {noun} is?",
    "any idea about {p} {noun}?",
    "[the|] {noun} of {o}[, please|]?",
    "{p} {noun}, [please|again|what is it|what was it|do you know|which one is it]?",
    "[which|what] {noun} {do} {s} have?",
    "the {noun} of {o}, what is it?",
)

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
