"""Asking the user in the middle of a turn; one interrupt per node.

Knows the shape of a question and of its answer. Does not know what is asked. LangGraph runs a node
again from its top when the answer comes, so nothing may happen before `ask`.
"""

from collections.abc import Sequence
from typing import Any, Final, TypedDict

from langgraph.types import interrupt

from omnipersona.agent.events import NeedKind
from omnipersona.agent.state import State

APPROVED: Final = "yes, go on"
LEFT: Final = "no"
DROPPED: Final = "All right, I leave it."
_DROP_WORDS: Final = frozenset({"cancel", "never mind", "nevermind"})


class Answer(TypedDict):
    """What the user sent back: words and ids of stored pictures."""

    text: str
    picture_ids: list[str]


def ask(kind: NeedKind, question: str, choices: Sequence[str] = ()) -> Answer:
    """Stop the turn with a question and return the user's answer when it comes."""
    payload: dict[str, Any] = {"kind": kind, "question": question, "choices": list(choices)}
    answer: Answer = interrupt(payload)
    return answer


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
