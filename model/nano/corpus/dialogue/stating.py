"""Messages that state something: teaching, remembering and correcting.

Knows the wording and what was stated; the parse task and the facts task learn from the same ones.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from omnipersona.model.nano.corpus.dialogue.cast import (
    Someone,
    named,
    new_slot,
    picture_of,
    refer,
    sample_kind,
    sample_state,
    slots_of,
)
from omnipersona.model.nano.corpus.dialogue.spelling import spelled
from omnipersona.model.nano.corpus.facts import (
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
from omnipersona.model.nano.corpus.phrasing import Phrases, Split
from omnipersona.model.skills import Parsed, ParseState, Statement

_INVENTED: Final = 0.25
_OPEN: Final = 0.07


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A message and the facts in it."""

    message: str
    statements: tuple[Statement, ...]


_MEET_KIND: Final = Phrases(
    "this is my {kind} {it}",
    "meet my {kind} {it}",
    "here is my {kind}, {it}",
    "this is {it}, my {kind}",
    "{it} is my {kind}",
    "i have a {kind} called {it}",
    "learn my {kind} {it}",
    "say hello to my {kind} {it}",
    "my {kind} is called {it}",
    "these are photos of my {kind} {it}",
    "please learn my {kind}, {it}",
    "the {kind} in these photos is {it}",
    "{it} is a {kind}",
    "this {kind} is called {it}",
    "i want you to know my {kind} {it}",
    "this is my new {kind}, it is named {it}",
    "this is {it}, a {kind}",
    "here are photos of my {kind} {it}",
    "this is our {kind} {it}",
    "this {kind} is {it}",
    "these are pictures of my {kind} {it}",
    "learn this {kind}: {it}",
    "i have a {kind} named {it}",
    "my {kind}, {it}",
    "my {kind} is named {it}",
    "my {kind}'s name is {it}",
    "here is my {kind} {it}",
)
_MEET: Final = Phrases(
    "this is {it}",
    "meet {it}",
    "learn {it}",
    "here is {it}",
    "please learn {it} from these photos",
    "these are photos of {it}",
    "this one is called {it}",
    "that's {it}",
    "i want to teach you {it}",
    "let me introduce {it}",
    "remember this one as {it}",
    "get to know {it}",
    "can you learn who {it} is?",
    "the one in the photo is {it}",
    "look, {it}!",
    "new concept: {it}",
    "here are photos of {it}",
    "these are pictures of {it}",
    "this one's name is {it}",
    "her name is {it}",
    "his name is {it}",
    "its name is {it}",
    "learn this: {it}",
    "call this one {it}",
    "please learn {it}",
    "here are some pictures of {it}",
)
_MORE_PHOTOS: Final = Phrases(
    "here is another photo of {o}",
    "here are more photos of {o}",
    "one more picture of {o} for you",
    "this is {o} too",
    "another picture of {o} to learn from",
    "learn {o} better from these",
    "some more photos of {o}",
    "this is also {o}",
    "use these photos of {o} as well",
    "study {o} again with this photo",
    "more pictures of {o} to practise with",
    "this one shows {o} as well",
)
_REMEMBER: Final = Phrases(
    "{x}",
    "{x}",
    "remember that {x}",
    "please remember: {x}",
    "{x}",
    "by the way, {x}",
    "did you know that {x}?",
    "note that {x}",
    "{x}, keep that in mind",
    "you should know that {x}",
    "fun fact: {x}",
    "for later: {x}",
    "oh, and {x}",
    "just so you know, {x}",
    "keep in mind that {x}",
    "i forgot to say that {x}",
)
_CORRECT: Final = Phrases(
    "no, {x}",
    "actually {x}",
    "that's wrong, {x}",
    "that is not right, {x}",
    "not quite: {x}",
    "wrong, {x}",
    "you are mistaken, {x}",
    "correction: {x}",
    "no no, {x}",
    "that is no longer true, {x} now",
    "i was wrong, {x}",
    "sorry, {x}",
    "that's not true. {x}",
    "please correct that: {x}",
    "you got it wrong, {x}",
    "i made a mistake, {x}",
    "no, that's wrong. {x}",
    "no that's not right, {x}",
    "hm no, {x}",
    "oh, that has changed: {x}",
    "it is not so, {x}",
    "in fact {x}",
    "no! {x}",
)
_CORRECT_VALUE: Final = Phrases(
    "no, {p} {noun} is {v}, not {old}",
    "{p} {noun} is not {old} but {v}",
    "{p} {noun} isn't {old}, it is {v}",
    "change {p} {noun} to {v}",
    "the {noun} of {o} is {v} and not {old}",
    "not {old}! {p} {noun} is {v}",
    "{p} {noun} should be {v} instead of {old}",
    "{p} {noun} has changed from {old} to {v}",
    "correct {p} {noun}: it is {v}",
    "it's not {old}, {p} {noun} is {v}",
    "i said {old} but {p} {noun} is really {v}",
    "update {p} {noun} to {v}",
    "{p} {noun} is {v} now",
    "no, {v} is {p} {noun}, not {old}",
    "{p} {noun} is now {v}, not {old}",
    "it was {old} but now {p} {noun} is {v}",
    "actually {p} {noun} is {v}, not {old}",
    "{p} {noun} is really {v}",
    "wrong: {p} {noun} is {v}",
)
_IS_A: Final = Phrases(
    "{it} is a {kind}",
    "{it} is my {kind}",
    "remember that {it} is a {kind}",
    "by the way, {it} is my {kind}",
    "you should know that {it} is a {kind}",
    "what i call {it} is my {kind}",
)
_ABOUT_ME: Final = Phrases(
    "my name is {v}",
    "i am {v}",
    "call me {v}",
    "i'm called {v}",
    "people know me as {v}",
    "you can call me {v}",
)


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
        statements.append(Statement(slot=slot, attribute=fact.attribute, value=fact.value))
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
    statements = [Statement(slot=slot, attribute="kind", value=kind)] if kind else []
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
        told = Told(
            message=message, statements=(Statement(slot=None, attribute="name", value=name),)
        )
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
    return Told(message=message, statements=(Statement(slot=slot, attribute="kind", value=kind),))


def tell_correct(rng: random.Random, split: Split, one: Someone | None) -> Told:
    """State that a fact is otherwise, often naming the old value too."""
    words = one.first if one else wording("i")
    slot = one.slot if one else None
    fact = _fact(rng)
    statements = (Statement(slot=slot, attribute=fact.attribute, value=fact.value),)
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


def sample_teach(rng: random.Random, split: Split) -> tuple[str, ParseState, Parsed]:
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


def sample_remember(rng: random.Random, split: Split) -> tuple[str, ParseState, Parsed]:
    """Draw a message that states facts of a known concept or of the user."""
    state = sample_state(rng, least=1, attached=0.08, shown=0.3)
    one = None if rng.random() < 0.2 else refer(rng, state)
    friends = tuple(k.slot for k in state.known if one is None or k.slot != one.slot)
    told = tell_remember(rng, split, one, friends)
    slots = _told((one.slot,) if one else (), told)
    return told.message, state, Parsed(intent="remember", concepts=slots)


def sample_correct(rng: random.Random, split: Split) -> tuple[str, ParseState, Parsed]:
    """Draw a message that puts a fact right."""
    state = sample_state(rng, least=1, attached=0.06, shown=0.5)
    one = None if rng.random() < 0.12 else refer(rng, state)
    told = tell_correct(rng, split, one)
    slots = _told((one.slot,) if one else (), told)
    return told.message, state, Parsed(intent="correct", concepts=slots)
