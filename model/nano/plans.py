"""Training samples before their pictures are encoded."""

from dataclasses import dataclass, field
from typing import Final

from torch import Tensor

from omnipersona.model.concept.prompt import Prompter
from omnipersona.model.sequence.segments import Segment

EDIT_COPIES: Final = 2
"""Of a target that follows a long prefix: they make the prefix worth its rows."""


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

    def exchange(self, prompter: Prompter, question: str, answer: str) -> None:
        """Add a question, and its answer as what is learned."""
        self.parts.append(prompter.text(question))
        self.parts.append(prompter.text(answer, has_loss=True))

    def paint(self, pixels: Tensor, copies: int = 1) -> None:
        """Add noisy copies of a target; they cannot see one another and share what goes before."""
        self.parts += [Latent(pixels, True)] * copies
