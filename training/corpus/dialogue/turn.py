"""One turn of a text task: what is asked and the reply to learn."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """A prompt in a format of `model.bagel.prompts`, and its reply.

    Attributes:
        task: parse, facts, recall, rewrite or chat.
        prompt: The whole prompt.
        reply: One line.
        intent: The gold intent of a parse, else None.
        found: Answers given to a rewrite that its reply must hold.
    """

    task: str
    prompt: str
    reply: str
    intent: str | None = None
    found: tuple[str, ...] = ()
