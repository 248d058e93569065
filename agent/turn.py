"""What a user sends, and how a turn of it is to be run.

Knows a turn's wishes, the settings that count where there are none, and what a turn may hold. Runs
nothing.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

from omnipersona.agent.context import Context
from omnipersona.agent.settings import Settings
from omnipersona.store.names import check_user_id
from omnipersona.tools.outcome import ToolFailed

MAX_PICTURES: Final = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class UserTurn:
    """What a user sends.

    Attributes:
        user_id: Who; from the login, never from the message.
        thread_id: The conversation.
        text: Their words; may be empty where there are pictures.
        pictures: File bytes, untrusted, of PNG, JPEG, WEBP or GIF.
        earlier: The same, of the picture that was spoken of before; counts where the conversation
            knows of none.
        intent: What the words are taken for; "" lets them decide.
        seed: Seed of a drawing in this turn; this and what follows: None means the session's
            setting.
        steps: Velocity evaluations of a drawing.
        guidance: How closely a drawing follows the words.
        num_examples: In-context examples per text task.
        think: Think in words first.
        approve_prompts: Ask before a rewritten prompt is drawn.
        turn_id: From `Assistant.writing`, where a page keeps the turn's words; "" for none.
    """

    user_id: str
    thread_id: str
    text: str = ""
    pictures: tuple[bytes, ...] = ()
    earlier: bytes | None = None
    intent: Literal["generate", "edit", ""] = ""
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    num_examples: int | None = None
    think: bool | None = None
    approve_prompts: bool | None = None
    turn_id: str = ""


def context_of(turn: UserTurn, settings: Settings, turn_id: str, traceparent: str) -> Context:
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
        traceparent=traceparent,
        intent=turn.intent,
    )


def check_turn(turn: UserTurn) -> None:
    """Refuse a turn that says nothing, or brings too much.

    Raises:
        InvalidName: The user's id cannot be used.
        ToolFailed: There are no words and no pictures, or too many pictures.
    """
    check_user_id(turn.user_id)
    if not turn.text.strip() and not turn.pictures:
        raise ToolFailed("Write something or send a picture.")
    if len(turn.pictures) > MAX_PICTURES:
        raise ToolFailed(
            f"You sent {len(turn.pictures)} pictures; at most {MAX_PICTURES} at once. Send fewer."
        )
