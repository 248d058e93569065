"""Training samples before their pictures are encoded."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import torch
from torch import Tensor

from omnipersona.model.concept.prompt import Prompter
from omnipersona.model.config import ModelConfig
from omnipersona.model.sequence.pictures import seen_image
from omnipersona.model.sequence.segments import Segment
from omnipersona.training.world.labels import Shown

_EDIT_COPIES: Final = 2
_MOSTLY: Final = 0.3
_CHANGED: Final = 3.0  # how much more what an edit changes counts than a figure in a drawing


class Compared(NamedTuple):
    """How figures in a picture differ from the concept in play.

    Attributes:
        cells: Those that figures cover, (n,).
        differences: Of each such cell, (n, traits).
    """

    cells: Tensor
    differences: Tensor


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
        exchanges: Questions asked so far.
        cells: By part, what each cell of a picture shows, (cells, labels); not all are known.
        compared: By part, how its figures differ from the concept in play, if there is one.
        foreground: Of each target, how much of each cell is more than background, (cells,).
    """

    task: str
    parts: list[Segment | Latent] = field(default_factory=list)
    exchanges: int = 0
    cells: dict[int, Tensor] = field(default_factory=dict)
    compared: dict[int, Compared] = field(default_factory=dict)
    foreground: list[Tensor] = field(default_factory=list)

    def exchange(self, prompter: Prompter, question: str, answer: str, weight: float = 1.0) -> None:
        """Add a question, and its answer as what is learned; exchanges do not see one another."""
        self.exchanges += 1
        self.parts += prompter.exchange(question, answer, self.exchanges, weight)

    def see(self, config: ModelConfig, scene: Shown, *, dropped: bool = False) -> None:
        """Add a scene as a picture that is read."""
        picture = seen_image(config, scene.pixels, dropped=dropped)
        side = round(len(picture.patches) ** 0.5)
        self.cells[len(self.parts)] = scene.cells(side, side)
        self.parts.append(picture)

    def see_figures(self, config: ModelConfig, scene: Shown, differences: Sequence[Tensor]) -> None:
        """Add a scene whose figures differ by so much from the concept in play, (traits,) each."""
        self.see(config, scene)
        part = len(self.parts) - 1
        side = round(len(self.cells[part]) ** 0.5)
        found = [
            (torch.nonzero(scene.of_figure(i, side, side) > _MOSTLY)[:, 0], difference)
            for i, difference in enumerate(differences)
        ]
        self.compared[part] = Compared(
            torch.cat([cells for cells, _ in found]),
            torch.cat([difference.expand(len(cells), -1) for cells, difference in found]),
        )

    def paint(self, config: ModelConfig, scene: Shown, source: Shown | None = None) -> None:
        """Add a target, of an edit when it has a source: then what changed is foreground.

        The noisy copies of an edit's target cannot see one another and share its long prefix.
        """
        side = config.max_latent_size
        foreground = scene.foreground(side, side)
        if source is not None:
            foreground = _CHANGED * scene.changed_from(source, side, side)
        for _ in range(1 if source is None else _EDIT_COPIES):
            self.cells[len(self.parts)] = scene.cells(side, side)
            self._target(scene.pixels, foreground)

    def repaint(self, config: ModelConfig, pixels: Tensor) -> None:
        """Add a target that is its source."""
        for _ in range(_EDIT_COPIES):
            self._target(pixels, torch.zeros(config.max_latent_size**2))

    def _target(self, pixels: Tensor, foreground: Tensor) -> None:
        self.foreground.append(foreground)
        self.parts.append(Latent(pixels, True))
