"""Thinking in words before an answer or a picture, as BAGEL was trained to; imports no torch.

The system prompts are the published ones, word for word, since they are part of what was trained;
`think_prompts.json` names their source and licence. What the model thinks stands between tags.
"""

import json
from functools import cache
from pathlib import Path
from typing import Final, Literal

MAX_THOUGHT: Final = 1000
"""Longest thought in tokens, as published."""

_OPEN: Final = "<think>"
_CLOSE: Final = "</think>"
_PROMPTS: Final = Path(__file__).with_name("think_prompts.json")


@cache
def think_prompt(use: Literal["read", "draw"]) -> str:
    """Return the system prompt that asks for a thought before an answer, or before a picture."""
    prompt: str = json.loads(_PROMPTS.read_text(encoding="utf-8"))[use]
    return prompt


class ThoughtSplitter:
    """Parts a text that comes piece by piece into what was thought and what was said."""

    def __init__(self) -> None:
        self._held = ""
        self._is_inside = False

    def push(self, piece: str) -> tuple[str, str]:
        """Take a piece; return what more was thought and said, without the tags."""
        self._held += piece
        parts = ["", ""]
        while (tag := _CLOSE if self._is_inside else _OPEN) in self._held:
            before, _, self._held = self._held.partition(tag)
            parts[not self._is_inside] += before
            self._is_inside = not self._is_inside
        cut = next(
            (n for n in range(len(tag) - 1, 0, -1) if self._held.endswith(tag[:n])),
            0,
        )
        ready = len(self._held) - cut
        parts[not self._is_inside] += self._held[:ready]
        self._held = self._held[ready:]
        return parts[0], parts[1]

    def rest(self) -> str:
        """Return what looked like the beginning of a tag when the text ended."""
        return "" if self._is_inside else self._held


def split_thought(text: str) -> tuple[str, str]:
    """Return what was thought and what was said, each without surrounding space.

    A thought that breaks off before its end tag leaves nothing said.
    """
    splitter = ThoughtSplitter()
    thought, said = splitter.push(text)
    return thought.strip(), (said + splitter.rest()).strip()
