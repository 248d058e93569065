"""The tasks between parsing and drawing: reading facts, recalling them, rewriting a request.

Knows the formats and the gold replies. A message that names its concept by a pronoun or a noun is
prefixed by `about`, which says whom it means.
"""

import random
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, Literal

from omnipersona.model.bagel.prompts import (
    UNKNOWN,
    fact_question,
    facts_prompt,
    recall_prompt,
    rewrite_prompt,
    write_facts,
)
from omnipersona.model.contract import Statement
from omnipersona.training.corpus.attributes import ATTRIBUTES
from omnipersona.training.corpus.dialogue.cast import (
    Someone,
    refer,
    renumbered,
    renumbering,
    sample_kind,
    sample_slots,
    sample_state,
    slots_of,
)
from omnipersona.training.corpus.dialogue.drawing import Lookup, sample_drawing
from omnipersona.training.corpus.dialogue.editing import sample_editing
from omnipersona.training.corpus.dialogue.spelling import spelled
from omnipersona.training.corpus.dialogue.stating import (
    tell_correct,
    tell_nothing,
    tell_remember,
    tell_teach,
)
from omnipersona.training.corpus.dialogue.turn import Turn
from omnipersona.training.corpus.facts import (
    StatedFact,
    fact_questions,
    fact_statement,
    invented_fact,
    open_fact,
    sample_fact,
)
from omnipersona.training.corpus.phrasing import Split, read_phrases

_LIKE_A_CONVERSATION: Final = 0.65
_DECLINED: Final = 0.14
_ME: Final = "me"
_KIND: Final = "kind"

_SAID: Final = read_phrases("retrieval")
_ASK_KIND: Final = _SAID["ask kind"]


def about(message: str, slots: Iterable[str]) -> str:
    """Return the message headed by the concepts it means, e.g. `about <c0>: give him a hat`."""
    return f"about {' '.join(slots)}: {message}"


def _heading(rng: random.Random, message: str, slots: tuple[str, ...]) -> str:
    """Add the heading where the message does not name all its concepts, and sometimes anyway."""
    missing = set(slots) - set(slots_of(message))
    return about(message, slots) if slots and (missing or rng.random() < 0.08) else message


def _turn(rng: random.Random, task: str, key: str, prompt: str, reply: str) -> Turn:
    """Make a turn, its slots numbered by mention in `key` in two of three."""
    if rng.random() < _LIKE_A_CONVERSATION:
        numbers = renumbering(key, slots_of(prompt))
        prompt, reply = renumbered(prompt, numbers), renumbered(reply, numbers)
    return Turn(task=task, prompt=prompt, reply=reply)


def _anyone(rng: random.Random) -> Someone:
    return refer(rng, sample_state(rng, least=1))


def sample_reading(rng: random.Random, split: Split) -> Turn:
    """Draw a facts turn: the user's own message and what it states."""
    roll = rng.random()
    one: Someone | None = _anyone(rng)
    assert one is not None, "somebody is always known here"
    if roll < 0.3:
        kind = sample_kind(rng) if rng.random() < 0.75 else None
        told = tell_teach(rng, split, one.slot, kind)
    elif roll < 0.38:
        told = tell_nothing(rng, split, one)
    elif roll < 0.75:
        one = None if rng.random() < 0.22 else one
        others = [slot for slot in sample_slots(rng, 3) if one is None or slot != one.slot]
        told = tell_remember(rng, split, one, tuple(others))
    else:
        one = None if rng.random() < 0.15 else one
        told = tell_correct(rng, split, one)
    message = _heading(rng, told.message, (one.slot,) if one else ())
    return _turn(rng, "facts", message, facts_prompt(message), write_facts(told.statements))


def _sample_any_fact(
    rng: random.Random, attribute: str | None = None, friends: tuple[str, ...] = ()
) -> StatedFact:
    roll = rng.random() if attribute is None else 1.0
    if roll < 0.25:
        return invented_fact(rng)
    if roll < 0.32:
        return open_fact(rng)
    return sample_fact(rng, attribute if attribute in ATTRIBUTES else None, friends)


def sample_recall(rng: random.Random, split: Split) -> Turn:
    """Draw a question, evidence with distractors, and the value or `unknown`."""
    slots = sample_slots(rng, rng.choice((1, 1, 2, 3)))
    if rng.random() < 0.12:
        slots.insert(rng.choice((0, 0, 1)), _ME)
    asked = slots[0]
    friends = tuple(one for one in slots[1:] if one != _ME)
    fact = _sample_any_fact(rng, None, friends)
    if asked != _ME and rng.random() < 0.06:
        fact = StatedFact(attribute=_KIND, value=sample_kind(rng))
    is_answered = rng.random() > 0.35
    lines = [(asked, fact)] if is_answered else []
    for _ in range(rng.choices((0, 1, 2, 3, 4), (0.1, 0.3, 0.3, 0.2, 0.1))[0]):
        other = rng.choice(slots)
        near = other != asked and rng.random() < 0.5
        lines.append((other, _sample_any_fact(rng, fact.attribute if near else None)))
    # One line a concept and attribute, so that a question has one answer at most.
    unique: dict[tuple[str, str], StatedFact] = {}
    for owner, line in lines:
        if is_answered or (owner, line.attribute) != (asked, fact.attribute):
            unique.setdefault((owner, line.attribute), line)
    evidence = [_evidence_line(rng, split, owner, line) for (owner, _), line in unique.items()]
    rng.shuffle(evidence)
    question = spelled(rng, _recall_question(rng, split, asked, fact))
    prompt = recall_prompt(question, tuple(evidence))
    return _turn(rng, "recall", question, prompt, fact.value if is_answered else UNKNOWN)


def _recall_question(rng: random.Random, split: Split, asked: str, fact: StatedFact) -> str:
    if fact.attribute == _KIND:
        return _ASK_KIND.pick(rng, split, it=asked)
    if asked == _ME and rng.random() < 0.6:
        return fact_question(_ME, fact.attribute)
    return fact_questions(rng, split, "i" if asked == _ME else asked, fact)


def _evidence_line(rng: random.Random, split: Split, owner: str, fact: StatedFact) -> str:
    if rng.random() < 0.8 or fact.attribute == _KIND:
        return _sentence(owner, fact.attribute, fact.value)
    return fact_statement(rng, split, "i" if owner == _ME else owner, fact)


def sample_rewrite(rng: random.Random, split: Split) -> Turn:
    """Draw a request, the answers that were found for it, and the canonical prompt."""
    task: Literal["draw", "edit"] = "draw" if rng.random() < 0.55 else "edit"
    state = sample_state(rng, least=2)
    count = rng.choices((0, 1, 2), (0.18, 0.62, 0.2))[0]
    cast = [refer(rng, state)] if count else []
    if count > 1:
        cast.append(refer(rng, state, but=cast[0].slot))
    sample = sample_drawing if task == "draw" else sample_editing
    request = sample(rng, split, tuple(cast), outside=rng.random() < _DECLINED)
    answers = [
        _sentence(one.slot, one.attribute, one.value)
        for one in request.lookups
        if one.value is not None
    ]
    if cast and rng.random() < 0.06:
        answers.append(_unasked(rng, cast[0].slot, request.lookups))
    message = request.message
    named_in_answers = {slot for line in answers for slot in slots_of(line)}
    is_clear = set(request.slots) <= named_in_answers and len(request.slots) < 2
    if not is_clear or rng.random() < 0.5:
        message = _heading(rng, message, request.slots)
    prompt = rewrite_prompt(task, message, tuple(answers))
    turn = _turn(rng, "rewrite", message, prompt, request.canonical)
    values = [one.value for one in request.lookups if one.value and not slots_of(one.value)]
    # A home that has another name than its place is not in the reply word for word.
    return replace(turn, found=tuple(value for value in values if value in turn.reply))


def _unasked(rng: random.Random, slot: str, lookups: tuple[Lookup, ...]) -> str:
    """Return an answer that the request does not need, so that it is not drawn."""
    taken = {one.attribute for one in lookups}
    attribute = rng.choice([a.name for a in ATTRIBUTES.values() if a.name not in taken])
    return _sentence(slot, attribute, sample_fact(rng, attribute).value)


def _sentence(subject: str, attribute: str, value: str) -> str:
    return str(Statement(subject=subject, attribute=attribute, value=value))
