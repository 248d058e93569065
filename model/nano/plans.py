"""Training samples before their pictures are encoded."""

from dataclasses import dataclass, field

from torch import Tensor

from omnipersona.model.sequence.segments import Segment


@dataclass(frozen=True, slots=True)
class Latent:
    """A place in a planned sample that a picture's latents will fill."""

    pixels: Tensor
    is_target: bool
    dropped: bool = False


@dataclass(slots=True)
class Plan:
    """One sample before its pictures are encoded."""

    task: str
    parts: list[Segment | Latent] = field(default_factory=list)
