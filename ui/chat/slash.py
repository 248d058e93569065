"""The commands that a slash offers: each stands for words, which are understood like any others."""

from collections.abc import Mapping
from typing import Final

COMMANDS: Final[Mapping[str, tuple[str, str, str]]] = {
    "draw": ("palette", "Draw something", "draw {text}"),
    "again": ("history", "Draw the last picture again, with another seed", "draw it again"),
    "undo": ("undo-2", "Go back to the picture before the last edit", "undo that"),
    "why": (
        "circle-help",
        "Tell how the last picture was made",
        "why did you draw it like that?",
    ),
    "known": ("book-open", "Show what is known", "what do you know?"),
    "forget": ("eraser", "Forget someone or something", "forget {text}"),
}
"""By name: icon, what it does, the words it stands for."""


def said(command: str | None, text: str) -> str:
    """Return the words that a message with a command stands for."""
    if command is None or command not in COMMANDS:
        return text
    words = COMMANDS[command][2]
    return words.format(text=text.strip()) if "{text}" in words else words
