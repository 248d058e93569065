"""Messages that state something: teaching, remembering and correcting.

Knows the wording and what was stated; the parse task and the facts task learn from the same ones.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from omnipersona.model.bagel.prompts import Parsed
from omnipersona.model.contract import Statement
from omnipersona.training.corpus.dialogue.cast import (
    Situation,
    Someone,
    named,
    new_slot,
    picture_of,
    refer,
    sample_kind,
    sample_state,
    slots_of,
)
from omnipersona.training.corpus.dialogue.spelling import spelled
from omnipersona.training.corpus.facts import (
    StatedFact,
    another_value,
    fact_statement,
    invented_fact,
    invented_word,
    nouns_of,
    open_fact,
    sample_fact,
    wording,
)
from omnipersona.training.corpus.phrasing import Split, read_phrases

_INVENTED: Final = 0.25
_OPEN: Final = 0.07


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A message and the facts in it."""

    message: str
    statements: tuple[Statement, ...]


_SAID: Final = read_phrases("stating")
_MEET_KIND: Final = _SAID["meet kind"]
_MEET: Final = _SAID["meet"]
_MORE_PHOTOS: Final = _SAID["more photos"]
_REMEMBER: Final = _SAID["remember"]
_CORRECT: Final = _SAID["correct"]
_CORRECT_VALUE: Final = _SAID["correct value"]
_IS_A: Final = _SAID["is a"]
_ABOUT_ME: Final = _SAID["about me"]


def _values(statements: Iterable[Statement]) -> tuple[str, ...]:
    return tuple(one.value for one in statements)


def _fact(rng: random.Random, friends: tuple[str, ...] = ()) -> StatedFact:
    roll = rng.random()
    if roll < _INVENTED:
        return invented_fact(rng)
    if roll < _INVENTED + _OPEN:
        return open_fact(rng)
    return sample_fact(rng, friends=friends)


def _several(
    rng: random.Random,
    split: Split,
    subjects: tuple[str, str],
    slot: str | None,
    count: int,
    friends: tuple[str, ...] = (),
) -> Told:
    """State `count` facts, the first of `subjects[0]`, the rest of `subjects[1]`."""
    said: dict[str, str] = {}
    statements = []
    for _ in range(count):
        fact = _fact(rng, friends)
        if fact.attribute in said:
            continue
        subject = subjects[0] if not said else subjects[1]
        said[fact.attribute] = fact_statement(rng, split, subject, fact)
        statements.append(Statement(subject=slot or "", attribute=fact.attribute, value=fact.value))
    joint = rng.choice((", ", " and ", ". ", ", and "))
    return Told(message=joint.join(said.values()), statements=tuple(statements))


def _told(slots: Iterable[str], told: Told) -> tuple[str, ...]:
    """Return slots first spoken of by pronoun or noun, then those in the message."""
    written = slots_of(told.message)
    return tuple(dict.fromkeys((*(s for s in slots if s not in written), *written)))


def tell_teach(rng: random.Random, split: Split, slot: str, kind: str | None) -> Told:
    """Introduce a concept, with its kind if given and 0 to 2 facts."""
    group = _MEET if kind is None else _MEET_KIND
    message = group.pick(rng, split, it=slot, kind=kind or "")
    statements = [Statement(subject=slot or "", attribute="kind", value=kind)] if kind else []
    count = rng.choices((0, 1, 2), (0.4, 0.4, 0.2))[0]
    if count:
        later = named(rng, slot).later.subject
        more = _several(rng, split, (rng.choice((later, later, slot)), later), slot, count)
        joint = rng.choice((", ", ". ", " and ", ", "))
        message = message.rstrip("?!") + joint + more.message
        statements += more.statements
    return Told(message=spelled(rng, message, _values(statements)), statements=tuple(statements))


def tell_remember(
    rng: random.Random, split: Split, one: Someone | None, friends: tuple[str, ...] = ()
) -> Told:
    """State 1 to 3 facts of someone, or of the user."""
    if one is None and rng.random() < 0.2:
        name = invented_word(rng)
        message = _ABOUT_ME.pick(rng, split, v=name)
        told = Told(message=message, statements=(Statement(attribute="name", value=name),))
    else:
        first, later = (one.first, one.later) if one else (wording("i"), wording("i"))
        count = rng.choices((1, 2, 3), (0.7, 0.22, 0.08))[0]
        subjects = (first.subject, later.subject)
        if one is not None and one.is_named and rng.random() < 0.08:
            return _tell_kind(rng, split, one.slot)
        told = _several(rng, split, subjects, one.slot if one else None, count, friends)
    message = _REMEMBER.pick(rng, split, x=told.message)
    message = spelled(rng, message, _values(told.statements))
    return replace(told, message=message)


def _tell_kind(rng: random.Random, split: Split, slot: str) -> Told:
    kind = sample_kind(rng)
    message = spelled(rng, _IS_A.pick(rng, split, it=slot, kind=kind), (kind,))
    return Told(
        message=message, statements=(Statement(subject=slot or "", attribute="kind", value=kind),)
    )


def tell_correct(rng: random.Random, split: Split, one: Someone | None) -> Told:
    """State that a fact is otherwise, often naming the old value too."""
    words = one.first if one else wording("i")
    slot = one.slot if one else None
    fact = _fact(rng)
    statements = (Statement(subject=slot or "", attribute=fact.attribute, value=fact.value),)
    if rng.random() < 0.45:
        old = another_value(rng, fact)
        if old.value != fact.value:
            noun = rng.choice(nouns_of(fact.attribute))
            message = _CORRECT_VALUE.pick(
                rng, split, **words.filling(), noun=noun, v=fact.value, old=old.value
            )
            return Told(message=spelled(rng, message, _values(statements)), statements=statements)
    message = _CORRECT.pick(rng, split, x=fact_statement(rng, split, words.subject, fact))
    return Told(message=spelled(rng, message, _values(statements)), statements=statements)


def tell_nothing(rng: random.Random, split: Split, one: Someone) -> Told:
    """Speak of someone without stating a fact."""
    group = rng.choice((_MORE_PHOTOS, _MEET))
    message = group.pick(rng, split, it=one.slot, o=one.slot)
    return Told(message=spelled(rng, message), statements=())


def sample_teach(rng: random.Random, split: Split) -> tuple[str, Situation, Parsed]:
    """Draw a message that introduces a concept or brings more photos of one."""
    state = sample_state(rng, attached=0.85, shown=0.25)
    if state.known and rng.random() < 0.22:
        state = replace(state, attached=True)
        one = refer(rng, state)
        told = Told(
            message=spelled(rng, _MORE_PHOTOS.pick(rng, split, o=one.first.object)), statements=()
        )
    else:
        again = state.known and state.attached and rng.random() < 0.1
        slot = rng.choice(state.known).slot if again else new_slot(rng, state.known)
        one = named(rng, slot)
        kind = sample_kind(rng) if rng.random() < 0.65 or not state.attached else None
        told = tell_teach(rng, split, slot, kind)
    picture = picture_of(replace(state, shown=False))
    parsed = Parsed(intent="teach", picture=picture, concepts=_told((one.slot,), told))
    return told.message, state, parsed


def sample_remember(rng: random.Random, split: Split) -> tuple[str, Situation, Parsed]:
    """Draw a message that states facts of a known concept or of the user."""
    state = sample_state(rng, least=1, attached=0.08, shown=0.3)
    one = None if rng.random() < 0.2 else refer(rng, state)
    friends = tuple(k.slot for k in state.known if one is None or k.slot != one.slot)
    told = tell_remember(rng, split, one, friends)
    slots = _told((one.slot,) if one else (), told)
    return told.message, state, Parsed(intent="remember", concepts=slots)


def sample_correct(rng: random.Random, split: Split) -> tuple[str, Situation, Parsed]:
    """Draw a message that puts a fact right."""
    state = sample_state(rng, least=1, attached=0.06, shown=0.5)
    one = None if rng.random() < 0.12 else refer(rng, state)
    told = tell_correct(rng, split, one)
    slots = _told((one.slot,) if one else (), told)
    return told.message, state, Parsed(intent="correct", concepts=slots)
