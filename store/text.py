"""Cleaning of text before it is kept; knows characters, not meaning.

Whatever is kept can be written as UTF-8, shown in one direction and read by eye: lone surrogates,
control, bidirectional and zero-width characters go, and so do towers of combining marks.
"""

import unicodedata

from omnipersona.memory.errors import InvalidText

MAX_TEXT = 4000
_MAX_MARKS = 4
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def clean_text(text: str, what: str = "the text", max_length: int = MAX_TEXT) -> str:
    """Return `text` in NFC, stripped and without characters that cannot be seen.

    Args:
        text: As it came in.
        what: What to call it in an error, e.g. "the value".
        max_length: Longest text kept, in characters.
    Returns: At least one and at most `max_length` characters.
    Raises: InvalidText: nothing is left, or it is too long.
    """
    if len(text) > max_length:
        raise InvalidText(
            f"{_capital(what)} has {len(text)} characters; at most {max_length} are kept. "
            "Say it shorter."
        )
    cleaned = unicodedata.normalize("NFC", _without_hidden(text)).strip()
    if not cleaned:
        raise InvalidText(f"{_capital(what)} is empty; write at least one visible character.")
    return cleaned


def compare_key(text: str) -> str:
    """Return the form in which two texts are compared: NFC, case and runs of spaces ignored."""
    folded = unicodedata.normalize("NFC", text).casefold()
    return " ".join(unicodedata.normalize("NFC", folded).split())


def is_hidden(character: str) -> bool:
    """Return whether a character is a control, format, surrogate or unassigned one."""
    return unicodedata.category(character) in _HIDDEN


def longest_run_of_marks(text: str) -> int:
    """Return how many combining marks follow one another at most."""
    longest = run = 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        longest = max(longest, run)
    return longest


def _without_hidden(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for character in text:
        if is_hidden(character) and character not in "\n\t":
            continue
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MAX_MARKS:
            kept.append(character)
    return "".join(kept)


def _capital(what: str) -> str:
    return what[:1].upper() + what[1:]
