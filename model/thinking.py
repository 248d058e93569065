"""Thinking in words before an answer or a picture; imports no torch.

What the model thinks stands between tags, which the system prompts ask for. A model that was
trained with prompts of its own may be given those (`ThinkPrompts.read_file`).
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from omnipersona.model.errors import RequestError

MAX_THOUGHT: Final = 1000
"""Longest thought in tokens, as published."""

_OPEN: Final = "<think>"
_CLOSE: Final = "</think>"


@dataclass(frozen=True, slots=True)
class ThinkPrompts:
    """The system prompts that ask for a thought before an answer, and before a picture."""

    read: str = (
        "Before you answer, work out what is asked and what you can see. Write your reasoning "
        "between <think> and </think>, and the answer after it: <think> reasoning </think> answer"
    )
    draw: str = (
        "Before you make the picture, plan it: what is in it, where, and in what light. Write the "
        "plan between <think> and </think>, and make the picture after it: <think> plan </think> "
        "picture"
    )

    @classmethod
    def read_file(cls, path: Path) -> Self:
        """Read `read` and `draw` from a JSON file.

        Raises: RequestError: the file is missing, or is no JSON object of these two texts.
        """
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            return cls(read=str(found["read"]), draw=str(found["draw"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RequestError(
                "think_prompts",
                f"{path} is no JSON file with the texts 'read' and 'draw' ({error}).",
            ) from error


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
