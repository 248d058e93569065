"""How people spell concepts: names in words become concepts of a `SlottedText`.

Never lets a typed slot or special token through: the only angle brackets that leave this module are
those of slots it handed out itself. Does not know what a text means.
"""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from omnipersona.model.contract import MAX_CONCEPTS, slot
from omnipersona.model.slotted_text import ConceptRef, SlottedText
from omnipersona.store.errors import InvalidName
from omnipersona.store.names import clean_name
from omnipersona.store.text import compare_key, replace_words

_BRACKETED: Final = re.compile(r"<([^<>]*)>")


def is_name(text: str) -> bool:
    """Tell whether `text` may be the name of a concept."""
    try:
        clean_name(text)
    except InvalidName:
        return False
    return True


def read_names(text: str, known: Sequence[ConceptRef]) -> SlottedText:
    """Return a text in which every name is a concept: `<bo>`, bo, Bo's, and a new `<name>`.

    Names beyond those that a request can hold stay words.

    Args:
        text: The user's words, cleaned.
        known: The concepts that it may name.
    """
    keys = {compare_key(one.name): one for one in known}
    order: dict[str, ConceptRef] = {}
    pieces: list[str] = []

    def stand_in(name: str) -> str:
        key = compare_key(name)
        if key not in order:
            if len(order) == MAX_CONCEPTS:
                return name
            order[key] = keys.get(key) or ConceptRef(name.strip())
        return slot(list(order).index(key))

    for index, piece in enumerate(_BRACKETED.split(text)):
        is_bracketed = index % 2 == 1
        is_whole = piece == piece.strip() or compare_key(piece) in keys
        if is_bracketed and is_whole and is_name(piece):
            pieces.append(stand_in(piece))
        else:
            pieces.append(_with_bare_names(re.sub("[<>]", "", piece), keys, stand_in))
    return SlottedText.of("".join(pieces), tuple(order.values()))


def read_bracketed(text: str, known: Sequence[ConceptRef]) -> SlottedText:
    """Return a text in which known names in brackets are concepts; other brackets go."""
    keys = [compare_key(one.name) for one in known]
    pieces = []
    for index, piece in enumerate(_BRACKETED.split(text)):
        if index % 2 == 1 and compare_key(piece) in keys:
            pieces.append(slot(keys.index(compare_key(piece))))
        else:
            pieces.append(re.sub("[<>]", "", piece))
    return SlottedText.of("".join(pieces), known)


def suggest(name: str, known: Sequence[str]) -> str | None:
    """Return the known name that `name` may be a misspelling of."""
    folded = {compare_key(k): k for k in known}
    close = difflib.get_close_matches(compare_key(name), folded, n=1, cutoff=0.5)
    return folded[close[0]] if close else None


def _with_bare_names(
    text: str, known: Mapping[str, ConceptRef], stand_in: Callable[[str], str]
) -> str:
    # One letter is too little to go by.
    names = [one.name for one in known.values() if len(one.name) > 1]
    return replace_words(text, names, stand_in)
