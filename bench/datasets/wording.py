"""The texts of data sets: slots for names, and lettered options told apart from their question.

Knows how people write names (`<bo>`, `<sks>`, `sks`) and options (`A. red`). Reads no file.
"""

import re
from collections.abc import Iterable
from typing import Final

from omnipersona.bench.datasets.folder import Node
from omnipersona.bench.datasets.form import SLOT

PHOTO_PROMPT: Final = f"a photo of {SLOT}"

_IMAGE_TAG: Final = re.compile(r"\s*<image>\s*", re.IGNORECASE)
_OPTION: Final = re.compile(r"(?:(?<=\s)|^)\(?([A-H])[.):]\)?\s+")
_LETTER: Final = re.compile(r"\(?([A-Ha-h])(?:[.):].*)?", re.DOTALL)
_FEWEST: Final = 2

Options = tuple[tuple[str, str], ...]


def with_slot(text: str, name: str) -> str:
    """Write the slot for a concept's name and for its stand-in `sks`; drop picture tags."""
    spelled = re.compile(rf"<(?:sks|{re.escape(name)})>|\bsks\b", re.IGNORECASE)
    return spelled.sub(SLOT, _IMAGE_TAG.sub(" ", text).strip())


def split_options(question: str) -> tuple[str, Options]:
    """Return a question without its lettered options, and these.

    Options begin with A and go on without a gap, two at least; otherwise the question comes back
    whole, with none.
    """
    found = _in_order(_OPTION.finditer(question))
    if len(found) < _FEWEST:
        return question, ()
    ends = [one.start() for one in found[1:]] + [len(question)]
    options = tuple(
        (one.group(1), question[one.end() : end].strip().split("\n")[0].strip(" ,;"))
        for one, end in zip(found, ends, strict=True)
    )
    return question[: found[0].start()].strip(), options


def _in_order(matches: Iterable[re.Match[str]]) -> list[re.Match[str]]:
    found: list[re.Match[str]] = []
    for match in matches:
        if match.group(1) == chr(ord("A") + len(found)):
            found.append(match)
    return found


def answer_letter(node: Node, options: Options) -> str:
    """Return the letter of the right option: given as letter, as `A. text` or as the text alone.

    Raises: DatasetError: it is none of the options.
    """
    given = node.text()
    for letter, text in options:
        if given.rstrip(".").casefold() == text.rstrip(".").casefold():
            return letter
    match = _LETTER.fullmatch(given)
    letters = [letter for letter, _ in options]
    if match is None or (options and match.group(1).upper() not in letters):
        raise node.wrong(f"one of the letters {', '.join(letters) or 'A, B, ...'}")
    return match.group(1).upper()
