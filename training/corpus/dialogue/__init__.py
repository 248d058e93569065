"""The text corpus of the agent's skills: turns of every task, drawn at random.

Knows how the tasks are mixed. nano's whole language of messages is what is drawn here.
"""

import random
from collections.abc import Callable
from typing import Final

from omnipersona.training.corpus.dialogue.chat import sample_chat
from omnipersona.training.corpus.dialogue.parse import sample_parse
from omnipersona.training.corpus.dialogue.retrieval import (
    sample_reading,
    sample_recall,
    sample_rewrite,
)
from omnipersona.training.corpus.dialogue.turn import Turn
from omnipersona.training.corpus.phrasing import Split

__all__ = ["TASKS", "Turn", "sample_examples", "sample_turn"]

_MAKERS: Final[dict[str, tuple[Callable[[random.Random, Split], Turn], float]]] = {
    "parse": (sample_parse, 0.32),
    "rewrite": (sample_rewrite, 0.2),
    "recall": (sample_recall, 0.2),
    "facts": (sample_reading, 0.22),
    "chat": (sample_chat, 0.06),
}
TASKS: Final = tuple(_MAKERS)


def sample_turn(rng: random.Random, split: Split, task: str | None = None) -> Turn:
    """Draw a turn of any task, or of the one given.

    Raises: KeyError: there is no such task.
    """
    chosen = task or rng.choices(TASKS, [weight for _, weight in _MAKERS.values()])[0]
    return _MAKERS[chosen][0](rng, split)


def sample_examples(rng: random.Random, split: Split, turn: Turn, count: int) -> tuple[Turn, ...]:
    """Draw `count` in-context examples of the same task with other content.

    A rewrite's examples are of its own kind, draw or edit.
    """
    head = turn.prompt.partition("\n")[0]
    found: list[Turn] = []
    while len(found) < count:
        one = sample_turn(rng, split, turn.task)
        if one.prompt.partition("\n")[0] == head and one.prompt != turn.prompt:
            found.append(one)
    return tuple(found)
