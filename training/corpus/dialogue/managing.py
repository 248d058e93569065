"""Messages about what the assistant holds or did: forget, list, explain, undo, again, talk.

Knows their wording and gold. Does not know what is stored.
"""

import random
from typing import Final

from omnipersona.model.bagel.prompts import Parsed, fact_question
from omnipersona.model.contract import PictureRef
from omnipersona.training.corpus.dialogue.cast import Situation, refer, sample_state
from omnipersona.training.corpus.dialogue.chat import small_talk
from omnipersona.training.corpus.dialogue.spelling import spelled
from omnipersona.training.corpus.facts import fact_statement, nouns_of, sample_fact
from omnipersona.training.corpus.phrasing import Split, read_phrases

Heard = tuple[str, Situation, Parsed]

_SAID: Final = read_phrases("managing")
_FORGET: Final = _SAID["forget"]
_FORGET_FACT: Final = _SAID["forget fact"]
_FORGET_ME: Final = _SAID["forget me"]
_LIST: Final = _SAID["list"]
_LIST_ONE: Final = _SAID["list one"]
_EXPLAIN: Final = _SAID["explain"]
_EXPLAIN_ONE: Final = _SAID["explain one"]
_UNDO: Final = _SAID["undo"]
_AGAIN: Final = _SAID["again"]


def _acts_on(state: Situation) -> PictureRef:
    """Return the picture that an act on the assistant's own picture means."""
    return "shown" if state.shown else "none"


def sample_forget(rng: random.Random, split: Split) -> Heard:
    """Draw a wish to forget a concept, a fact, or the user."""
    state = sample_state(rng, least=1, attached=0.04, shown=0.3)
    if rng.random() < 0.07:
        text = spelled(rng, _FORGET_ME.pick(rng, split))
        return text, state, Parsed(intent="forget")
    one = refer(rng, state)
    words = one.first.filling()
    if rng.random() < 0.55:
        text = spelled(rng, _FORGET.pick(rng, split, **words))
        if not (state.attached or state.shown) and rng.random() < 0.08:
            text = spelled(rng, f"delete {one.first.object}")
        return text, state, Parsed(intent="forget", concepts=(one.slot,))
    fact = sample_fact(rng)
    text = _FORGET_FACT.pick(
        rng,
        split,
        x=fact_statement(rng, split, one.first.subject, fact),
        noun=rng.choice(nouns_of(fact.attribute)),
        **words,
    )
    asked = (fact_question(one.slot, fact.attribute),)
    parsed = Parsed(intent="forget", concepts=(one.slot,), questions=asked)
    return spelled(rng, text), state, parsed


def sample_list(rng: random.Random, split: Split) -> Heard:
    """Draw a wish to see what is known, of everybody or of one concept."""
    state = sample_state(rng, attached=0.05, shown=0.3)
    if not state.known or rng.random() < 0.5:
        return spelled(rng, _LIST.pick(rng, split)), state, Parsed(intent="list")
    one = refer(rng, state)
    text = spelled(rng, _LIST_ONE.pick(rng, split, **one.first.filling()))
    return text, state, Parsed(intent="list", concepts=(one.slot,))


def sample_explain(rng: random.Random, split: Split) -> Heard:
    """Draw a question after the reasons of the last picture or answer."""
    state = sample_state(rng, attached=0.03, shown=0.75)
    picture = _acts_on(state)
    if not state.known or rng.random() < 0.6:
        text = spelled(rng, _EXPLAIN.pick(rng, split))
        return text, state, Parsed(intent="explain", picture=picture)
    one = refer(rng, state)
    fact = sample_fact(rng)
    text = _EXPLAIN_ONE.pick(
        rng,
        split,
        x=fact_statement(rng, split, one.first.subject, fact),
        noun=rng.choice(nouns_of(fact.attribute)),
        **one.first.filling(),
    )
    parsed = Parsed(intent="explain", picture=picture, concepts=(one.slot,))
    return spelled(rng, text), state, parsed


def sample_undo(rng: random.Random, split: Split) -> Heard:
    """Draw a wish to take the last edit back."""
    state = sample_state(rng, attached=0.03, shown=0.85)
    text = spelled(rng, _UNDO.pick(rng, split))
    return text, state, Parsed(intent="undo", picture=_acts_on(state))


def sample_again(rng: random.Random, split: Split) -> Heard:
    """Draw a wish for the last drawing with another seed."""
    state = sample_state(rng, attached=0.03, shown=0.85)
    text = spelled(rng, _AGAIN.pick(rng, split))
    return text, state, Parsed(intent="again", picture=_acts_on(state))


def sample_converse(rng: random.Random, split: Split) -> Heard:
    """Draw small talk."""
    state = sample_state(rng, attached=0.03, shown=0.3)
    message, _ = small_talk(rng, split)
    return message, state, Parsed(intent="converse")
