"""What a user sends, and how a turn of it is to be run.

Knows a turn's wishes and the settings that count where there are none. Runs nothing.
"""

from dataclasses import dataclass
from typing import Any

from omnipersona.agent.context import Context
from omnipersona.agent.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class UserTurn:
    """What a user sends.

    Attributes:
        user_id: Who; from the login, never from the message.
        thread_id: The conversation.
        text: Their words; may be empty where there are pictures.
        pictures: File bytes, untrusted, of PNG, JPEG, WEBP or GIF.
        seed: Seed of a drawing in this turn; this and what follows: None means the session's
            setting.
        steps: Velocity evaluations of a drawing.
        guidance: How closely a drawing follows the words.
        num_examples: In-context examples per text task.
        think: Think in words first.
        approve_prompts: Ask before a rewritten prompt is drawn.
    """

    user_id: str
    thread_id: str
    text: str = ""
    pictures: tuple[bytes, ...] = ()
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    num_examples: int | None = None
    think: bool | None = None
    approve_prompts: bool | None = None


def context_of(turn: UserTurn, settings: Settings, turn_id: str) -> Context:
    """Return a turn's settings: its own wishes, else the session's."""

    def chosen(name: str) -> Any:
        wish = getattr(turn, name)
        return getattr(settings, name) if wish is None else wish

    return Context(
        user_id=turn.user_id,
        thread_id=turn.thread_id,
        message_id=turn_id,
        steps=chosen("steps"),
        seed=chosen("seed"),
        num_examples=chosen("num_examples"),
        cfg_text_scale=chosen("guidance"),
        think=chosen("think"),
        approve_prompts=chosen("approve_prompts"),
        drift_guard=settings.drift_guard,
    )
