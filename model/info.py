"""What a model says of itself; imports no torch."""

from dataclasses import dataclass
from typing import Literal

Preset = Literal["quick", "nano", "paper"]
"""Length of a lesson."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelInfo:
    """What a model is and can hold.

    Attributes:
        name: For people, e.g. "nano".
        fingerprint: Hash of the weights that concept tokens depend on.
        device: E.g. "cpu".
        dtype: E.g. "float32", and why.
        image_size: Default side of a drawing, pixels.
        max_image_size: Longest side it can draw or read, pixels.
        display_size: Side at which the page should show its drawings, pixels.
        world: One sentence on what it can see and draw.
        num_steps: Default velocity evaluations.
        cfg_text_scale: Default pull of the words on a drawing.
        num_examples: In-context examples that its text tasks work best with.
        can_think: Whether it was trained to think in words first.
        lesson: Preset of a whole lesson.
    """

    name: str
    fingerprint: str
    device: str
    dtype: str
    image_size: int
    max_image_size: int
    display_size: int
    world: str
    num_steps: int
    cfg_text_scale: float
    num_examples: int
    can_think: bool
    lesson: Preset
