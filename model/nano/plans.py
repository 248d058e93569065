"""Training samples before their pictures are encoded."""

from dataclasses import dataclass, field
from typing import Final

from torch import Tensor

from omnipersona.model.concept.prompt import Prompter
from omnipersona.model.config import ModelConfig
from omnipersona.model.nano.cells import Shown
from omnipersona.model.sequence.pictures import seen_image
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
    """One sample before its pictures are encoded.

    Attributes:
        task: What its losses are logged as.
        parts: Of the sequence.
        cells: By part, what each cell of a picture shows, (cells, labels); not all are known.
    """

    task: str
    parts: list[Segment | Latent] = field(default_factory=list)
    cells: dict[int, Tensor] = field(default_factory=dict)

    def exchange(self, prompter: Prompter, question: str, answer: str) -> None:
        """Add a question, and its answer as what is learned."""
        self.parts.append(prompter.text(question))
        self.parts.append(prompter.text(answer, has_loss=True))

    def see(self, config: ModelConfig, scene: Shown, *, dropped: bool = False) -> None:
        """Add a scene as a picture that is read."""
        picture = seen_image(config, scene.pixels, dropped=dropped)
        side = round(len(picture.patches) ** 0.5)
        self.cells[len(self.parts)] = scene.cells(side, side)
        self.parts.append(picture)

    def paint(self, config: ModelConfig, scene: Shown, copies: int = 1) -> None:
        """Add noisy copies of a target; they cannot see one another and share what goes before."""
        side = config.max_latent_size
        for _ in range(copies):
            self.cells[len(self.parts)] = scene.cells(side, side)
            self.parts.append(Latent(scene.pixels, True))
