"""Facts out of the user's own words, and nothing else.

Knows the rule that a stored value must have been said. Text inside pictures or in the model's
answers never comes here.
"""

import re
import threading
from collections.abc import Sequence
from typing import Final

from omnipersona.agent.context import Context
from omnipersona.agent.state import Said
from omnipersona.model.contract import Intent, PersonaModel, Reading, ReadRequest
from omnipersona.model.slotted_text import ConceptRef, Slots, SlottedText
from omnipersona.tools.concept_service import NOTE

_ARTICLES: Final = frozenset({"a", "an", "the"})
_WORD: Final = re.compile(r"\w+")


def read_statements(
    model: PersonaModel,
    message: SlottedText,
    about: Sequence[ConceptRef],
    intent: Intent,
    context: Context,
    cancel: threading.Event,
) -> list[Said] | None:
    """Have the model read the facts stated in a message whose intent and subjects are settled.

    Returns: The facts; a value that was not said becomes the whole message under `NOTE`. None if
        the model's replies could not be read.
    """
    slots = numbering(message, about)
    request = ReadRequest(
        message=slots.write(message),
        intent=intent,
        about=tuple(map(slots.of_concept, about)),
        num_examples=context.num_examples,
        tenant=context.user_id,
    )
    return said_of(model.read(request, cancel), slots, message)


def said_of(reading: Reading, slots: Slots, message: SlottedText) -> list[Said] | None:
    """Return the asserted statements of a reading; None where they could not be read."""
    if reading.statements is None:
        return None
    found = []
    for one in reading.statements:
        if one.polarity != "asserted":
            continue
        subject = slots.concept(one.subject) if one.subject else None
        value = slots.read(one.value)
        if is_said(value.spelled, message.spelled):
            found.append(Said(subject=subject, attribute=one.attribute, value=value))
        else:
            found.append(Said(subject=subject, attribute=NOTE, value=message))
    return list(dict.fromkeys(found))


def numbering(message: SlottedText, about: Sequence[ConceptRef], *others: SlottedText) -> Slots:
    """Return the slots of a request about a message.

    Whom it means comes first where it does not name them all itself: `about <c0>: give him a hat`.
    """
    first = () if set(about) <= set(message.concepts) else about
    return Slots.of(SlottedText("", tuple(first)), message, *others)


def is_said(value: str, message: str) -> bool:
    """Tell whether every word of `value`, articles apart, occurs in `message`."""
    said = {word.casefold() for word in _WORD.findall(message)} | _ARTICLES
    return all(word.casefold() in said for word in _WORD.findall(value))
