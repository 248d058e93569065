"""Who speaks and how a turn is to be run: JSON-able values that never enter the state.

Knows user, thread and sampling wishes. Does not know services: those reach the nodes by closure.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Context:
    """One turn's settings.

    Attributes:
        user_id: Whose memory is read and written.
        thread_id: The conversation.
        message_id: What facts stored in this turn name as their origin.
        steps: Velocity evaluations per drawing; None means the model's own number.
        seed: Seed of the next drawing; None draws one.
        num_examples: In-context examples per text task; None means the model's own number.
        cfg_text_scale: Pull of the words on drawings; None means the model's own.
        think: Think in words before answers about pictures, drawings and edits.
        approve_prompts: Ask before a rewritten prompt is drawn.
        drift_guard: After an edit, see whether those it left alone are still recognised.
        traceparent: The span that the turn's nodes belong to, as W3C writes it; "" is none.
        intent: What every message is taken for; "" lets its words decide.
        text: What the user says, where the graph's input names a turn alone.
        picture_ids: Ids of the kept pictures that came with it.
    """

    user_id: str
    thread_id: str = ""
    message_id: str = ""
    steps: int | None = None
    seed: int | None = None
    num_examples: int | None = None
    cfg_text_scale: float | None = None
    think: bool = False
    approve_prompts: bool = False
    drift_guard: bool = False
    traceparent: str = ""
    intent: Literal["generate", "edit", ""] = ""
    text: str = ""
    picture_ids: tuple[str, ...] = ()
