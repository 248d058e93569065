"""What a turn tells the page or the command line: plain, frozen, free of every framework.

Knows what happened. Does not know how it is shown.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from omnipersona.tools.jobs import LearnStatus as LearnStatus

FailKind = Literal["unknown", "taken", "refused", "busy", "cancelled", "inside"]
"""Why something failed: the user has no such thing, or has one already; what was sent cannot be
used; too much is going on; somebody stopped it; or it is our fault."""

NeedKind = Literal["photos", "name", "kind", "choice", "confirm", "consent", "picture", "prompt"]


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A visible step begins.

    Attributes:
        step_id: The same in the `StepFinished` that ends it.
        node: Name of the graph node.
        title: What it does, for people.
    """

    step_id: str
    node: str
    title: str


@dataclass(frozen=True, slots=True)
class StepFinished:
    """A visible step ended; `lines` are (label, value) pairs for people."""

    step_id: str
    node: str
    title: str
    lines: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the reply's text; the `Reply` repeats it whole."""

    text: str


@dataclass(frozen=True, slots=True)
class ThoughtDelta:
    """The next piece of what the model thinks before it answers or draws."""

    text: str


@dataclass(frozen=True, slots=True)
class DrawProgress:
    """One step of a drawing is done; `preview` is a small PNG."""

    step: int
    num_steps: int
    preview: bytes | None = None


@dataclass(frozen=True, slots=True)
class LearningStarted:
    """A learning job was queued; follow it with `Assistant.watch_learning`."""

    status: LearnStatus


@dataclass(frozen=True, slots=True)
class NeedInput:
    """The turn waits for the user; the next message on the thread answers it.

    Attributes:
        kind: What is missing.
        question: The question for people.
        choices: Answers to offer; empty for free text or pictures.
    """

    kind: NeedKind
    question: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownPicture:
    """A picture of the reply."""

    id: str
    png: bytes
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """The turn's answer; `details` is JSON-able (see `Assistant.turn`)."""

    text: str
    pictures: tuple[ShownPicture, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failed:
    """The turn failed; `text` is one sentence, `turn_id` finds it in the log."""

    text: str
    turn_id: str
    kind: FailKind = "inside"


Event = (
    StepStarted
    | StepFinished
    | TextDelta
    | ThoughtDelta
    | DrawProgress
    | LearningStarted
    | NeedInput
    | Reply
    | Failed
)
