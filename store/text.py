"""Cleaning of text before it is kept; knows characters, not meaning.

Whatever is kept can be written as UTF-8, shown in one direction and read by eye: lone surrogates,
control, bidirectional and zero-width characters go, and so do towers of combining marks.
"""

import re
import unicodedata
from collections.abc import Callable, Collection
from typing import Final

from omnipersona.store.errors import InvalidText

MAX_TEXT = 4000
FORGOTTEN: Final = "[forgotten]"
APOSTROPHES: Final = (
    "'`\N{ACUTE ACCENT}\N{RIGHT SINGLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}"
    "\N{MODIFIER LETTER APOSTROPHE}\N{PRIME}\N{REVERSED PRIME}\N{FULLWIDTH APOSTROPHE}"
)
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
    """Return the form in which two texts are compared: as `fold`, without spaces around."""
    return fold(text).strip()


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


def fold(text: str) -> str:
    """Return a text as words are looked for in it: every spelling that means the same name."""
    return _fold(text)[0]


def redact(text: str, words: Collection[str], mark: str = FORGOTTEN) -> str:
    """Return a text in which a mark stands for each of the words, however it is spelled there.

    Case, width, runs of spaces, what stands for an apostrophe, invisible characters, Markdown's
    backslashes and stars, and the ways to write an accent make no difference; parts of longer
    words are left alone.
    """
    return replace_words(text, words, lambda _: mark)


def replace_words(text: str, words: Collection[str], stand_in: Callable[[str], str]) -> str:
    """Return a text in NFC with something else for each of the words; as `redact`.

    Args:
        text: To look through.
        words: What to find; longer ones first, since "Bo Diddley" is not "Bo" and something.
        stand_in: Returns what stands for a word as it is spelled there.
    """
    folded, places = _fold(text)
    text = unicodedata.normalize("NFC", text)
    patterns = [re.escape(compare_key(word)) for word in words if compare_key(word)]
    if not patterns:
        return text
    pattern = "|".join(sorted(patterns, key=len, reverse=True))
    parts, end = [], 0
    for found in re.finditer(rf"<(?:{pattern})>|(?<!\w)(?:{pattern})(?!\w)", folded):
        start, last = places[found.start()], places[found.end() - 1] + 1
        parts += [text[end:start], stand_in(text[start:last])]
        end = last
    return "".join([*parts, text[end:]])


def _fold(text: str) -> tuple[str, list[int]]:
    """Return a folded text, and of each character of it the place in NFC that it came from."""
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(unicodedata.normalize("NFC", text)):
        if character.isspace():
            character = " "
        elif character in "\\*" or is_hidden(character):
            continue
        if character == " " and letters and letters[-1] == " ":
            continue
        is_apostrophe = character in APOSTROPHES
        for letter in "'" if is_apostrophe else unicodedata.normalize("NFKC", character).casefold():
            letters.append(letter)
            places.append(place)
    return "".join(letters), places
