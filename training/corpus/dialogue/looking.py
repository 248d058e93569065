"""Questions: about a picture that is there, or about what is known without one.

Knows the wording of questions and which picture they mean. Does not know answers.
"""

import random
from dataclasses import replace
from typing import Final

from omnipersona.model.bagel.prompts import Parsed, fact_question, recognition_question
from omnipersona.training.corpus.dialogue.cast import (
    Situation,
    Someone,
    picture_of,
    refer,
    sample_state,
)
from omnipersona.training.corpus.dialogue.spelling import spelled
from omnipersona.training.corpus.facts import fact_questions, open_fact, sample_fact
from omnipersona.training.corpus.phrasing import Split, read_phrases
from omnipersona.training.corpus.words import random_color, random_species
from omnipersona.training.world.scene import ACCESSORIES, OBJECTS

_PICTURES: Final = (
    "this picture", "the picture", "this photo", "the photo", "this image", "it", "the image",
    "this pic", "my photo", "my picture", "this photograph",
)  # fmt: skip
_MADE: Final = (
    "your picture", "the last picture", "your drawing", "the picture you made", "the last drawing",
    "what you drew", "your last picture", "your last drawing", "the drawing you made",
    "the picture you drew", "the image you made", "your image", "your last image",
)  # fmt: skip

_SAID: Final = read_phrases("looking")
_RECOGNISE: Final = _SAID["recognise"]
_EITHER: Final = _SAID["either"]
_ABOUT: Final = _SAID["about"]
_SCENE: Final = _SAID["scene"]
_LOOKS: Final = _SAID["looks"]
_BOTH: Final = _SAID["both"]


def sample_understand(rng: random.Random, split: Split) -> tuple[str, Situation, Parsed]:
    """Draw a question about a picture (two in three) or about facts and looks."""
    if rng.random() < 0.38:
        return _without_picture(rng, split)
    state = sample_state(rng, attached=0.62, shown=0.5)
    if not (state.attached or state.shown) and rng.random() < 0.7:
        state = replace(state, attached=True)
    picture = picture_of(state)
    if state.shown and rng.random() < 0.3:
        picture, pic = "shown", rng.choice(_MADE)
        message, cast = _looking(rng, split, state, pic, plain=False)
    else:
        message, cast = _looking(rng, split, state, rng.choice(_PICTURES), plain=True)
    slots = tuple(one.slot for one in cast)
    return message, state, Parsed(intent="understand", picture=picture, concepts=slots)


def _looking(
    rng: random.Random, split: Split, state: Situation, pic: str, *, plain: bool
) -> tuple[str, tuple[Someone, ...]]:
    """Ask about a picture; unless `plain`, the words say which picture."""
    words = {
        "pic": pic,
        "species": random_species(rng),
        "thing": rng.choice(OBJECTS),
        "worn": rng.choice(ACCESSORIES),
        "color": random_color(rng),
    }
    roll = rng.random()
    cast: tuple[Someone, ...] = ()
    if roll < 0.4:
        text = _SCENE.pick(rng, split, **words)
    elif roll < 0.52:
        first = refer(rng, replace(state, last=None))
        second = refer(rng, replace(state, last=None), but=first.slot)
        cast = (first, second)
        text = _EITHER.pick(rng, split, a=first.first.object, b=second.first.object, **words)
    else:
        one = refer(rng, state)
        cast = (one,)
        if rng.random() < 0.2 and one.is_named:
            text = recognition_question(one.slot)
        else:
            group = _RECOGNISE if rng.random() < 0.55 else _ABOUT
            text = group.pick(rng, split, **one.first.filling(), **words)
    if not plain and pic not in text:
        text = f"{text.rstrip('?')} in {pic}?" if pic != "what you drew" else f"{pic}: {text}"
    return spelled(rng, text), cast


def _without_picture(rng: random.Random, split: Split) -> tuple[str, Situation, Parsed]:
    state = sample_state(rng, least=1, attached=0.15, shown=0.35)
    if rng.random() < 0.1:
        fact = sample_fact(rng)
        message = spelled(rng, fact_questions(rng, split, "i", fact))
        asked = fact_question("me", fact.attribute)
        return message, state, Parsed(intent="understand", questions=(asked,))
    if rng.random() < 0.15:
        state = replace(state, attached=False, shown=False)
        one = refer(rng, state)
        text = _LOOKS.pick(rng, split, **one.first.filling(), species=random_species(rng))
        return spelled(rng, text), state, Parsed(intent="understand", concepts=(one.slot,))
    one = refer(rng, state)
    fact = open_fact(rng) if rng.random() < 0.07 else sample_fact(rng)
    questions = [fact_question(one.slot, fact.attribute)]
    text = fact_questions(rng, split, one.first.subject, fact)
    if rng.random() < 0.1:
        other = sample_fact(rng)
        if other.attribute != fact.attribute:
            questions.append(fact_question(one.slot, other.attribute))
            more = fact_questions(rng, split, one.later.subject, other)
            text = f"{text.rstrip('?')} and {more}"
    message = spelled(rng, _BOTH.pick(rng, split, x=text))
    parsed = Parsed(intent="understand", concepts=(one.slot,), questions=tuple(questions))
    return message, state, parsed
