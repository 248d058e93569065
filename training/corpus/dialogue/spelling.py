"""How people type whole messages: capitals of sentences and of "I", slips that spare what matters.

Knows letters only.
"""

import random
import re
from collections.abc import Iterable
from typing import Final

from omnipersona.training.corpus.phrasing import typed

_START: Final = re.compile(r"(?<=[.!?] )[a-z]")
_I: Final = re.compile(r"\bi\b")


def spelled(rng: random.Random, message: str, keep: Iterable[str] = ()) -> str:
    """Return the message as typed by a person; the words in `keep` are never misspelt."""
    result = typed(rng, message)
    if any(word.lower() not in result.lower() for word in keep):
        result = message
    if rng.random() < 0.6:
        result = _I.sub("I", result)
    if result[:1].isupper() and rng.random() < 0.7:
        result = _START.sub(lambda match: match[0].upper(), result)
    return result
