"""Checks of single arguments; each raises `RequestError` with the field's name.

Knows texts and numbers. Does not know requests.
"""

import math
from typing import Final

from omnipersona.model.errors import RequestError

MAX_TEXT: Final = 20_000


def check_text(field: str, text: str) -> None:
    """Refuse a text that is empty, too long or not whole."""
    if not text.strip():
        raise RequestError(field, "is empty; write what you want.")
    check_readable(field, text)


def check_readable(field: str, text: str) -> None:
    """Refuse a text that is too long or not whole."""
    if len(text) > MAX_TEXT:
        raise RequestError(field, f"has {len(text)} characters; at most {MAX_TEXT} can be read.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        reason = f"holds half a character at place {error.start}; write it again."
        raise RequestError(field, reason) from error


def check_whole(field: str, value: int, low: int, high: int) -> None:
    """Refuse what is no whole number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise RequestError(field, f"is {value}; it must be a whole number from {low} to {high}.")


def check_range(field: str, value: float, low: float, high: float) -> None:
    """Refuse what is no number from `low` to `high`."""
    if not math.isfinite(value) or not low <= value <= high:
        raise RequestError(field, f"is {value}; it must lie between {low} and {high}.")
