"""Training samples before their pictures are encoded."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import torch
from torch import Tensor

from omnipersona.model.bagel.config import ModelConfig
from omnipersona.model.bagel.prompt_layout import Prompter
from omnipersona.model.bagel.sequence import Segment, seen_image
from omnipersona.training.world.labels import Shown

_EDIT_COPIES: Final = 2
_MOSTLY: Final = 0.3
_CHANGED: Final = 3.0  # how much more what an edit changes counts than a figure in a drawing


TASKS: Final = (
    "draw",
    "draw concept",
    "edit",
    "edit concept",
    "look",
    "look concept",
    "recognise",
    "facts",
    "text",
    "told",
    "echo",
)
"""What the losses of samples are logged as."""


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
    """A place in a planned sample that a picture's latents will fill.

    Attributes:
        pixels: The picture.
        is_target: Whether it is trained.
        source: Pixels of the picture at a target's edit ports.
    """

    pixels: Tensor
    is_target: bool
    source: Tensor | None = None


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

    def change(
        self,
        config: ModelConfig,
        told: Segment,
        source: Shown,
        target: Shown,
        *,
        seen: bool = True,
        given: bool = True,
    ) -> None:
        """Add a picture, an instruction, and the picture after it.

        Args:
            config: With edit ports the source lies at its target's own cells, too.
            told: The instruction; a dropped one has its source as outcome.
            source: Before.
            target: After.
            seen: Whether the understanding expert reads the source.
            given: Whether its latents stand in the context.
        """
        if given:
            self.parts.append(Latent(source.pixels, False))
        self.see(config, source, dropped=not seen)
        self.parts.append(told)
        outcome = source if told.dropped else target
        ported = source.pixels if config.edit_ports else None
        side = config.max_latent_size
        foreground = _CHANGED * outcome.changed_from(source, side, side)
        # Noisy copies cannot see one another and share the long prefix.
        for _ in range(_EDIT_COPIES):
            self._target(config, outcome, foreground, ported)

    def paint(self, config: ModelConfig, scene: Shown) -> None:
        """Add a target that is a new picture."""
        side = config.max_latent_size
        self._target(config, scene, scene.foreground(side, side), None)

    def _target(
        self, config: ModelConfig, scene: Shown, foreground: Tensor, ported: Tensor | None
    ) -> None:
        side = config.max_latent_size
        self.cells[len(self.parts)] = scene.cells(side, side)
        self.foreground.append(foreground)
        self.parts.append(Latent(scene.pixels, True, source=ported))
