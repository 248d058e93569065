"""Plain text as Markdown that shows it unchanged.

The page renders Markdown, and replies are plain text with names in angle brackets and words of the
user: nothing in them may become markup, a link or a picture.
"""

import re
from collections.abc import Sequence
from typing import Final

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~$&:])")
_MAX_LINE: Final = 300
_MAX_GIST: Final = 70


def as_markdown(text: str) -> str:
    """Return Markdown that is shown as `text`, line breaks included."""
    return _SPECIAL.sub(r"\\\1", text).replace("\n", "  \n")


def as_list(lines: Sequence[tuple[str, str]]) -> str:
    """Return (label, value) pairs as a Markdown list."""
    return "\n".join(
        f"- **{as_markdown(shorten(label, _MAX_LINE))}:** {as_markdown(shorten(value, _MAX_LINE))}"
        for label, value in lines
    )


def gist(title: str, lines: Sequence[tuple[str, str]]) -> str:
    """Return one plain line that says a step's title and what came out of it."""
    values = [f"{label} {value}" if value.isdigit() else value for label, value in lines]
    return f"{title}: {shorten(', '.join(values), _MAX_GIST)}" if values else title


def shorten(text: str, length: int) -> str:
    """Return at most `length` characters of one line; dots stand for what is left out."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 3].rstrip() + "..."
