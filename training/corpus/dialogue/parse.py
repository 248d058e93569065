"""The parse task: what a message asks for, of which picture and of whom.

Knows the state a message arrives in and the gold reply. How drawings, edits and statements are
worded is known elsewhere.
"""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from omnipersona.model.bagel.prompts import (
    Parsed,
    fact_question,
    parse_prompt,
    write_parsed,
)
from omnipersona.model.contract import Intent, KnownConcept
from omnipersona.training.corpus.dialogue.cast import (
    Situation,
    new_slot,
    picture_of,
    refer,
    renumbered,
    renumbering,
    sample_state,
    slots_of,
)
from omnipersona.training.corpus.dialogue.drawing import Request, sample_drawing
from omnipersona.training.corpus.dialogue.editing import sample_editing
from omnipersona.training.corpus.dialogue.looking import sample_understand
from omnipersona.training.corpus.dialogue.managing import (
    sample_again,
    sample_converse,
    sample_explain,
    sample_forget,
    sample_list,
    sample_undo,
)
from omnipersona.training.corpus.dialogue.stating import (
    sample_correct,
    sample_remember,
    sample_teach,
)
from omnipersona.training.corpus.dialogue.turn import Turn
from omnipersona.training.corpus.phrasing import Split

Heard = tuple[str, Situation, Parsed]

_LIKE_A_CONVERSATION: Final = 0.65
_FEW: Final = 3


def sample_parse(rng: random.Random, split: Split, intent: Intent | None = None) -> Turn:
    """Draw a parse turn, of any intent or of the one given."""
    chosen = intent or rng.choices(*zip(*_WEIGHTS.items(), strict=True))[0]
    message, state, parsed = _MAKERS[chosen](rng, split)
    state, parsed = _ambiguous(rng, message, state, parsed)
    prompt, reply = parse_prompt(state.asking(message)), write_parsed(parsed)
    if rng.random() < _LIKE_A_CONVERSATION:
        numbers = renumbering(message, (one.slot for one in state.known))
        known = tuple(
            sorted(
                (replace(one, slot=renumbered(one.slot, numbers)) for one in state.known),
                key=lambda one: one.slot,
            )
        )
        last = renumbered(state.last, numbers) if state.last else None
        there = replace(state, known=known, last=last)
        prompt = parse_prompt(there.asking(renumbered(message, numbers)))
        reply = renumbered(reply, numbers)
    return Turn(task="parse", prompt=prompt, reply=reply, intent=chosen)


def _ambiguous(
    rng: random.Random, message: str, state: Situation, parsed: Parsed
) -> tuple[Situation, Parsed]:
    """Now and then make a noun or a pronoun fit several concepts, all of which are then meant."""
    if len(parsed.concepts) != 1 or slots_of(message) or len(state.known) > _FEW:
        return state, parsed
    (meant,) = parsed.concepts
    kind = next((one.kind for one in state.known if one.slot == meant), "")
    if kind and (f"my {kind}" in message.lower() or f"our {kind}" in message.lower()):
        if rng.random() < 0.75:
            return state, parsed
        twin = KnownConcept(slot=new_slot(rng, state.known), kind=kind)
        state = replace(state, known=tuple(sorted((*state.known, twin), key=lambda k: k.slot)))
        fitting = tuple(one.slot for one in state.known if one.kind == kind)
    elif state.last == meant and rng.random() < 0.15:
        state = replace(state, last=None)
        fitting = tuple(one.slot for one in state.known)
    else:
        return state, parsed
    questions = tuple(q.replace(meant, one) for one in fitting for q in parsed.questions)
    return state, replace(parsed, concepts=fitting, questions=questions)


def _questions(request: Request) -> tuple[str, ...]:
    asked = (fact_question(one.slot, one.attribute) for one in request.lookups)
    return tuple(dict.fromkeys(asked))


def _generate(rng: random.Random, split: Split) -> Heard:
    state = sample_state(rng, attached=0.15, shown=0.45)
    count = rng.choices((0, 1, 2), (0.15, 0.65, 0.2))[0]
    cast = [refer(rng, state)] if count else []
    if count > 1:
        cast.append(refer(rng, replace(state, last=None), but=cast[0].slot))
    outside = rng.random() < 0.1
    request = sample_drawing(rng, split, tuple(cast), outside=outside)
    parsed = Parsed(intent="generate", concepts=request.slots, questions=_questions(request))
    return request.message, state, parsed


_ATTACHED_HINTS: Final = ("in this photo, {x}", "{x} in this picture", "{x} in my photo")
_SHOWN_HINTS: Final = (
    "in the last picture, {x}", "{x} in your picture", "{x} in the picture you made",
    "in your last drawing {x}", "{x} in the drawing",
)  # fmt: skip


def _edit(rng: random.Random, split: Split) -> Heard:
    state = sample_state(rng, attached=0.45, shown=0.6)
    if not (state.attached or state.shown) and rng.random() < 0.5:
        state = replace(state, shown=True)
    count = rng.choices((0, 1, 2), (0.3, 0.5, 0.2))[0]
    cast = [refer(rng, state)] if count else []
    if count > 1:
        cast.append(refer(rng, replace(state, last=None), but=cast[0].slot))
    request = sample_editing(rng, split, tuple(cast), outside=rng.random() < 0.08)
    message = request.message
    if picture_of(state) == "none" and "delete" in message.lower():
        # Without a picture "delete <c0>" is a wish to forget.
        state = replace(state, shown=True)
    picture = picture_of(state)
    if state.shown and rng.random() < (0.3 if state.attached else 0.12):
        picture = "shown"
        message = rng.choice(_SHOWN_HINTS).format(x=message.rstrip(".?!"))
    elif state.attached and rng.random() < 0.15:
        message = rng.choice(_ATTACHED_HINTS).format(x=message.rstrip(".?!"))
    parsed = Parsed(
        intent="edit", picture=picture, concepts=request.slots, questions=_questions(request)
    )
    return message, state, parsed


_MAKERS: Final[dict[Intent, Callable[[random.Random, Split], Heard]]] = {
    "understand": sample_understand,
    "generate": _generate,
    "edit": _edit,
    "teach": sample_teach,
    "remember": sample_remember,
    "correct": sample_correct,
    "forget": sample_forget,
    "list": sample_list,
    "explain": sample_explain,
    "undo": sample_undo,
    "again": sample_again,
    "converse": sample_converse,
}
_WEIGHTS: Final[dict[Intent, float]] = {
    "understand": 0.2,
    "generate": 0.18,
    "edit": 0.16,
    "teach": 0.1,
    "remember": 0.08,
    "correct": 0.07,
    "forget": 0.05,
    "list": 0.04,
    "explain": 0.03,
    "undo": 0.025,
    "again": 0.03,
    "converse": 0.055,
}
