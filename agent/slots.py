"""Names on one side, slots on the other: `<bo>` or `Bo's` becomes `<c0>`, and back.

Knows how a user may spell a concept in a message. Does not know what a message means, and never
lets a typed slot or special token through: the only angle brackets that leave this module are
those of slots it handed out itself.
"""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from omnipersona.agent.state import ConceptCard
from omnipersona.model.contract import MAX_CONCEPTS, slot
from omnipersona.store.text import compare_key, replace_words
from omnipersona.tools.binding import is_name

_BRACKETED = re.compile(r"<([^<>]*)>")
_SLOT = re.compile(r"<c(\d)>")


@dataclass(frozen=True, slots=True)
class Slotted:
    """A message whose names are slots.

    Attributes:
        text: The message as the model may read it.
        names: Spelling behind each slot; `names[i]` is `<ci>`.
        concept_ids: The known concept behind each slot; empty for a new name.
        num_mentioned: The first so many slots occur in the message.
        new_names: Bracketed names that no known concept has, in order of mention.
    """

    text: str
    names: tuple[str, ...]
    concept_ids: tuple[str, ...]
    num_mentioned: int
    new_names: tuple[str, ...]


def slot_message(text: str, cards: Sequence[ConceptCard], last_concept_id: str = "") -> Slotted:
    """Replace every name in `text` by a slot.

    Slots are numbered by mention; known concepts that are not mentioned follow (the one spoken of
    last first), up to the number a request can hold.

    Args:
        text: The user's words, cleaned.
        cards: The user's concepts.
        last_concept_id: The concept that "he" or "it" would mean; empty for none.
    Returns: The slotted message.
    """
    known = {compare_key(card["name"]): card for card in cards}
    order: list[str] = []
    spelled: dict[str, str] = {}
    pieces: list[str] = []

    def stand_in(name: str) -> str:
        key = compare_key(name)
        if key not in order:
            if len(order) == MAX_CONCEPTS:
                return name
            order.append(key)
            spelled[key] = known[key]["name"] if key in known else name.strip()
        return slot(order.index(key))

    for index, piece in enumerate(_BRACKETED.split(text)):
        is_bracketed = index % 2 == 1
        is_whole = piece == piece.strip() or compare_key(piece) in known
        if is_bracketed and is_whole and is_name(piece):
            pieces.append(stand_in(piece))
        else:
            pieces.append(_slot_bare_names(re.sub("[<>]", "", piece), known, stand_in))
    num_mentioned = len(order)
    rest = sorted(
        (c for c in cards if compare_key(c["name"]) not in order),
        key=lambda c: c["concept_id"] != last_concept_id,
    )
    for card in rest[: MAX_CONCEPTS - num_mentioned]:
        order.append(compare_key(card["name"]))
        spelled[order[-1]] = card["name"]
    return Slotted(
        text="".join(pieces),
        names=tuple(spelled[key] for key in order),
        concept_ids=tuple(known[key]["concept_id"] if key in known else "" for key in order),
        num_mentioned=num_mentioned,
        new_names=tuple(spelled[key] for key in order if key not in known),
    )


def unslot(text: str, names: Sequence[str]) -> str:
    """Put the user's spellings `<bo>` back where slots stand."""

    def spelling(match: re.Match[str]) -> str:
        index = int(match.group(1))
        return f"<{names[index]}>" if index < len(names) else match.group(0)

    return _SLOT.sub(spelling, text)


def slots_in(text: str) -> tuple[str, ...]:
    """Return the slots that `text` names, each once, in order of mention."""
    return tuple(dict.fromkeys(match.group(0) for match in _SLOT.finditer(text)))


def slot_index(text: str) -> int:
    """Return the number of one slot, e.g. 3 for `<c3>`."""
    match = _SLOT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a slot such as <c0>.")
    return int(match.group(1))


def renumber(text: str, order: Sequence[str]) -> str:
    """Rename slots so that `order[i]` becomes `<ci>`; other slots must not occur.

    A request carries only the concepts in play, so their slots have to start at 0 again.
    """
    new: Mapping[str, str] = {old: slot(i) for i, old in enumerate(order)}
    return _SLOT.sub(lambda match: new[match.group(0)], text)


def restore(text: str, order: Sequence[str]) -> str:
    """Undo `renumber`: `<ci>` becomes `order[i]`; `text` holds no other slots."""
    return _SLOT.sub(lambda match: order[int(match.group(1))], text)


def suggest(name: str, known: Sequence[str]) -> str | None:
    """Return the known name that `name` may be a misspelling of."""
    folded = {compare_key(k): k for k in known}
    close = difflib.get_close_matches(compare_key(name), folded, n=1, cutoff=0.5)
    return folded[close[0]] if close else None


def _slot_bare_names(
    text: str, known: Mapping[str, ConceptCard], stand_in: Callable[[str], str]
) -> str:
    # One letter is too little to go by.
    names = [c["name"] for c in known.values() if len(c["name"]) > 1]
    return replace_words(text, names, stand_in)
