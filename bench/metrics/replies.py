"""Free replies read as yes or no, as a letter, or compared word for word.

A word counts only as a whole: there is no "no" in "know" and no option A in "A dog". A reply that
says neither, or both, is unparsable and counted as such. Does not know who answered.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

_YES: Final = frozenset({"yes", "yeah", "yep"})
_NO: Final = frozenset({"no", "nope"})
_WORD: Final = re.compile(r"[a-z]+(?:'[a-z]+)?")
_LETTER_ALONE: Final = re.compile(r"\W*([A-Ha-h])\W*")
_LETTER_FIRST: Final = re.compile(r"\W*([A-Ha-h])\s*[.):](?!\w)")
# A capital A before a word is an article, so that "the answer is A dog" names no letter.
_CAPITAL: Final = r"([B-H](?![\w'])|A(?=[).,:;*\"]|\s*$))"
_LETTER_NAMED: Final = re.compile(
    rf"\b(?i:answer|option|choice)(?i:\s+is|\s*:)?\s*[\"'(*]*{_CAPITAL}"
)
_LETTER_MARKED: Final = re.compile(r"[(*]+([A-H])[)*]+")
_LETTER_LAST: Final = re.compile(rf"\s{_CAPITAL}[^\w\s]*\s*\Z")
_SEVERAL: Final = re.compile(r"(?<![\w'])[A-H]\W*(?:\b(?:and|or)\b|/)\W*[A-H](?![\w'])")
_ARTICLES: Final = frozenset({"a", "an", "the"})


def yes_or_no(reply: str) -> bool | None:
    """Return what a reply says: its first word decides, else the only one of both in it.

    Returns: None where it says neither, or both.
    """
    words = _WORD.findall(unicodedata.normalize("NFKC", reply).casefold().replace("\u2019", "'"))
    if not words:
        return None
    if words[0] in _YES | _NO:
        return words[0] in _YES
    found = {word in _YES for word in words if word in _YES | _NO}
    return found.pop() if len(found) == 1 else None


def chosen_letter(reply: str, options: Iterable[tuple[str, str]] = ()) -> str | None:
    """Return the letter of the option that a reply picks.

    A reply picks by the letter alone ("B", "(b)."), in front ("B. Dog"), by name ("the answer is
    B"), in brackets, at the end ("I would say B"), or with the option's text and no other's.

    Returns: None where no letter, several letters or an option that is not there is picked.
    """
    if _SEVERAL.search(reply):
        return None
    listed = tuple(options)
    known = {letter for letter, _ in listed}
    for pattern in (_LETTER_ALONE.fullmatch, _LETTER_FIRST.match):
        if match := pattern(reply):
            letter = match.group(1).upper()
            return letter if not known or letter in known else None
    for named in (_LETTER_NAMED, _LETTER_MARKED, _LETTER_LAST):
        letters = set(named.findall(reply))
        if letters:
            letter = letters.pop()
            return letter if not letters and (not known or letter in known) else None
    return _by_text(reply, listed)


def _by_text(reply: str, listed: Sequence[tuple[str, str]]) -> str | None:
    same = [letter for letter, text in listed if is_exact(reply, text)]
    if len(same) == 1:
        return same[0]
    said = _padded(reply)
    held = [letter for letter, text in listed if normalised(text) and _padded(text) in said]
    return held[0] if len(held) == 1 else None


def _padded(text: str) -> str:
    return f" {normalised(text)} "


def normalised(text: str) -> str:
    """Return a text in lower case without punctuation, articles and extra blanks.

    A text of articles alone keeps them.
    """
    folded = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    words = [word.strip("'-") for word in re.sub(r"[^\w\s'-]", " ", folded).split()]
    kept = [word for word in words if word and word not in _ARTICLES]
    return " ".join(kept or words)


def is_exact(reply: str, answer: str) -> bool:
    """Say whether a reply is the answer, letter for letter after `normalised`."""
    return normalised(reply) == normalised(answer)


@dataclass(frozen=True, kw_only=True, slots=True)
class Recognition:
    """How well presence is told, over items of one concept or of many.

    Attributes:
        recall: Share of yes among the photos that show it; None without such photos.
        specificity: Share of no among the others; None without such photos.
        weighted: Mean of both; the one that is there, where the other has no photos.
        accuracy: Share of right replies.
        unparsable: Share of replies that say neither yes nor no; they count as wrong.
        n: Items.
    """

    recall: float | None
    specificity: float | None
    weighted: float
    accuracy: float
    unparsable: float
    n: int


def recognition(pairs: Sequence[tuple[bool, str]]) -> Recognition:
    """Score pairs of the truth (is it there?) and the reply.

    Raises: ValueError: there are no pairs.
    """
    if not pairs:
        raise ValueError("No replies were given to score recognition; give one at least.")
    read = [(truth, yes_or_no(reply)) for truth, reply in pairs]
    recall = _share([said is True for truth, said in read if truth])
    specificity = _share([said is False for truth, said in read if not truth])
    sides = [one for one in (recall, specificity) if one is not None]
    return Recognition(
        recall=recall,
        specificity=specificity,
        weighted=sum(sides) / len(sides),
        accuracy=sum(truth == said for truth, said in read) / len(read),
        unparsable=sum(said is None for _, said in read) / len(read),
        n=len(read),
    )


def _share(hits: list[bool]) -> float | None:
    return sum(hits) / len(hits) if hits else None
