"""The text tasks a model is asked to do, as formats; imports no torch.

One place decides how each task is written, so that pretraining (`training`) and the agent
(`omnipersona.agent`) can never drift apart. Every task is a short line "Word: ..." followed by its
material; every reply is one line. Names never appear: concepts are slots `<c0>` ... `<c9>`.

Task      prompt                                       reply
parse     Parse / known / last / picture / message     intent; picture; concepts; questions
facts     Facts / message                              <c0> kind: dog; <c0> toy: a red ball
recall    Recall / evidence / question                 a red ball      (or "unknown")
rewrite   Rewrite draw|edit / message / evidence       <c0> with a red ball at the beach
chat      Chat / message                               Hello! ...
A rewrite outside the model's world replies "cannot: <what>". A question about a picture that the
model cannot read is answered with `FOREIGN_PICTURE`.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal

from omnipersona.model.contract import Intent, PictureRef, ReadRequest, Statement

UNKNOWN: Final = "unknown"
CANNOT: Final = "cannot:"
FOREIGN_PICTURE: Final = "I cannot read this picture."
NONE: Final = "none"
RECOGNITION_WEIGHT: Final = 4.0
"""Of the answer whether someone is in a picture, in a loss: one word, and the hardest to learn."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parsed:
    """A parsed message.

    Attributes:
        intent: What the user wants.
        picture: Which picture the request is about.
        concepts: Slots it is about, in order of mention.
        questions: What must be looked up before drawing or editing.
    """

    intent: Intent
    picture: PictureRef = "none"
    concepts: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()


def parse_prompt(request: ReadRequest) -> str:
    """Write the parse task for a message."""
    known = ", ".join(f"{k.slot} {k.kind}" if k.kind else k.slot for k in request.known)
    picture = {
        (False, False): "none",
        (True, False): "attached",
        (False, True): "shown",
        (True, True): "attached and shown",
    }[request.num_photos > 0, request.shown]
    return (
        f"Parse\nknown: {known or NONE}\nlast: {request.last or NONE}\n"
        f"picture: {picture}\nmessage: {request.message}"
    )


def write_parsed(parsed: Parsed) -> str:
    """Write the reply of the parse task."""
    concepts = " ".join(parsed.concepts) or NONE
    questions = " ".join(parsed.questions) or NONE
    return f"{parsed.intent}; {parsed.picture}; {concepts}; {questions}"


def facts_prompt(message: str) -> str:
    """Write the task of reading stated facts out of the user's own message."""
    return f"Facts\nmessage: {message}"


def write_facts(statements: tuple[Statement, ...]) -> str:
    """Write the reply of the facts task."""
    parts = [f"{s.subject or 'me'} {s.attribute}: {s.value}" for s in statements]
    return "; ".join(parts) or NONE


def recall_prompt(question: str, evidence: tuple[str, ...]) -> str:
    """Write the task of answering `question` from evidence lines alone."""
    lines = "\n".join(f"- {line}" for line in evidence) or NONE
    return f"Recall\nevidence:\n{lines}\nquestion: {question}"


def rewrite_prompt(task: Literal["draw", "edit"], message: str, answers: tuple[str, ...]) -> str:
    """Write the task of turning a message and retrieved answers into a prompt."""
    lines = "\n".join(f"- {line}" for line in answers) or NONE
    return f"Rewrite {task}\nevidence:\n{lines}\nmessage: {message}"


def chat_prompt(message: str) -> str:
    """Write the small-talk task."""
    return f"Chat\nmessage: {message}"


def profile_text(slot: str, looks: str, facts: tuple[tuple[str, str], ...] = ()) -> str:
    """Write who a concept is, for a model that has not learned it: looks, then facts.

    The text goes before a question or a drawing prompt, a line each.
    """
    told = [Statement(subject=slot, attribute=name, value=value) for name, value in facts]
    return "\n".join([f"{slot} is {looks}", *map(str, told)])


def introduction(slot: str, count: int = 1) -> str:
    """Write who is on the first pictures; goes before a question or a drawing prompt."""
    if count == 1:
        return f"the first picture shows {slot}"
    return f"the first {count} pictures show {slot}"


def fact_question(slot: str, attribute: str) -> str:
    """Write the question that a fact answers, e.g. `what is the toy of <c0>?`."""
    return f"what is the {attribute} of {slot}?"


def recognition_question(slot: str) -> str:
    """Ask whether a concept is in the picture."""
    return f"is {slot} in this picture?"


def certainty_of_yes(beginning: str, log_probability: float) -> float:
    """Return the probability of a yes, in [0, 1], from a reply's first token.

    Args:
        beginning: The token's text; "yes" or the start of it, else it counts as a no.
        log_probability: Of the token.
    """
    sure = math.exp(min(log_probability, 0.0))
    word = beginning.strip().casefold()
    return sure if word and "yes".startswith(word) else 1.0 - sure
