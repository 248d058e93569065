"""What an answer to a question means: a choice, or that the request is taken back.

Knows words. Does not know what was asked (`agent.words` asks; one question per node).
"""

from collections.abc import Sequence
from typing import Final

from omnipersona.agent.state import State
from omnipersona.agent.words import Answer

APPROVED: Final = "yes, go on"
LEFT: Final = "no"
DROPPED: Final = "All right, I leave it."
_DROP_WORDS: Final = frozenset({"cancel", "never mind", "nevermind"})


def is_dropped(answer: Answer) -> bool:
    """Tell whether the user takes the whole request back."""
    return answer["text"].strip(" .!").casefold() in _DROP_WORDS


def dropped() -> State:
    """Return the update that ends a turn whose request was taken back."""
    return State(answer=DROPPED)


def pick(text: str, choices: Sequence[str]) -> str | None:
    """Return the choice that `text` names: by its words, its first word or its number."""
    said = text.strip(" .!<>").casefold()
    for number, choice in enumerate(choices, start=1):
        words = choice.casefold()
        if said in (words, str(number), words.strip("<>")) or said == words.split(",")[0]:
            return choice
    return None
