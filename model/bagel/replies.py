"""Replies to text tasks, read strictly; imports no torch.

Knows the reply formats of `prompts` and refuses everything else with `UnreadableReply`. Guesses
nothing: a second try is `text_tasks`' business, what to do without a reply the caller's.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, get_args

from omnipersona.model.bagel.prompts import CANNOT, NONE, UNKNOWN, Parsed
from omnipersona.model.contract import INTENTS, PICTURE_REFS, Intent, PictureRef, Statement

MAX_QUESTIONS: Final = 8
MAX_STATEMENTS: Final = 16

_ANY_SLOT = re.compile(r"<c\d+>")
_STATEMENT = re.compile(
    r"(?P<subject><c\d>|me) (?P<attribute>[^:<>]{1,40}): (?P<value>[^;]{1,200})"
)
_QUESTION = re.compile(r"[^?]+\?")


class UnreadableReply(Exception):
    """A reply is not in its task's format."""


@dataclass(frozen=True, slots=True)
class Cannot:
    """The model says that it cannot draw `what`."""

    what: str


def read_parsed(text: str, slots: Collection[str]) -> Parsed:
    """Read the reply of the parse task.

    Args:
        text: `intent; picture; concepts; questions`.
        slots: The slots in play; any other is refused.
    Returns: The parsed message.
    Raises: UnreadableReply: the reply has another form.
    """
    parts = [part.strip() for part in _one_line(text).split(";")]
    if len(parts) != 4:
        raise UnreadableReply(f"{text!r} has {len(parts)} parts; a parse has 4.")
    intent, picture, concepts, questions = parts
    if intent not in INTENTS:
        raise UnreadableReply(f"{intent!r} is no intent; they are {', '.join(INTENTS)}.")
    if picture not in PICTURE_REFS:
        raise UnreadableReply(f"{picture!r} is no picture; it is one of {PICTURE_REFS}.")
    _check_slots(text, slots)
    return Parsed(
        intent=_as_intent(intent),
        picture=_as_picture(picture),
        concepts=_read_concepts(concepts),
        questions=_read_questions(questions),
    )


def read_facts(text: str, slots: Collection[str]) -> tuple[Statement, ...]:
    """Read the reply of the facts task; raise `UnreadableReply` on another form."""
    line = _one_line(text)
    if line == NONE:
        return ()
    _check_slots(line, slots)
    statements = []
    for part in line.split(";"):
        match = _STATEMENT.fullmatch(part.strip())
        if match is None:
            raise UnreadableReply(f"{part!r} is no fact such as '<c0> toy: a red ball'.")
        subject = match["subject"]
        statements.append(
            Statement(
                subject="" if subject == "me" else subject,
                attribute=match["attribute"].strip(),
                value=match["value"].strip(),
            )
        )
    if len(statements) > MAX_STATEMENTS:
        raise UnreadableReply(f"{len(statements)} facts in one message; at most {MAX_STATEMENTS}.")
    return tuple(statements)


def read_rewrite(text: str, slots: Collection[str]) -> str | Cannot:
    """Read the reply of the rewrite task: a prompt, or what cannot be drawn."""
    line = _one_line(text)
    if line.startswith(CANNOT):
        what = line.removeprefix(CANNOT).strip()
        if not what:
            raise UnreadableReply("The reply says 'cannot:' without saying what.")
        _check_slots(what, slots)
        return Cannot(what)
    _check_slots(line, slots)
    return line


def read_recall(text: str) -> str | None:
    """Read the reply of the recall task; None means that the evidence does not say."""
    line = _one_line(text).rstrip(".")
    return None if line.casefold() == UNKNOWN else line


def _one_line(text: str) -> str:
    line = text.strip()
    if not line or "\n" in line:
        raise UnreadableReply(f"{text!r} is not one line.")
    return line


def _check_slots(text: str, slots: Collection[str]) -> None:
    foreign = [s for s in _ANY_SLOT.findall(text) if s not in slots]
    if foreign:
        raise UnreadableReply(f"{foreign[0]} is not in play; {', '.join(slots) or 'nothing'} is.")


def _read_concepts(text: str) -> tuple[str, ...]:
    if text == NONE:
        return ()
    words = text.split()
    if not words or not all(_ANY_SLOT.fullmatch(word) for word in words):
        raise UnreadableReply(f"{text!r} is no list of slots.")
    return tuple(dict.fromkeys(words))


def _read_questions(text: str) -> tuple[str, ...]:
    if text == NONE:
        return ()
    questions = tuple(dict.fromkeys(q.strip() for q in _QUESTION.findall(text)))
    if not questions or _QUESTION.sub("", text).strip() or len(questions) > MAX_QUESTIONS:
        raise UnreadableReply(f"{text!r} is no list of at most {MAX_QUESTIONS} questions.")
    return questions


def _as_intent(text: str) -> Intent:
    return next(intent for intent in get_args(Intent) if intent == text)


def _as_picture(text: str) -> PictureRef:
    return next(picture for picture in get_args(PictureRef) if picture == text)
