"""Drawing: from three contexts and noise to latents, step by step.

Knows contexts, guidance and flow. Does not know words, files or jobs.
"""

# T latent tokens, E numbers per token

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from omnipersona.model.flow.guidance import GuidanceConfig, guided
from omnipersona.model.flow.sampler import sample, sample_change
from omnipersona.model.flow.schedule import timesteps
from omnipersona.model.latent.patches import from_tokens
from omnipersona.model.omni import OmniModel
from omnipersona.model.sequence.canvas import Canvas
from omnipersona.model.sequence.context import Context, Guidance
from omnipersona.model.vision.images import grid_ids


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """Rows and columns of latent tokens of one picture."""

    rows: int
    columns: int

    @property
    def num_tokens(self) -> int:
        """Latent tokens."""
        return self.rows * self.columns


@dataclass(frozen=True, kw_only=True, slots=True)
class Painting:
    """One picture to be drawn.

    Attributes:
        guidance: The three contexts; they stay as they are.
        noise_TE: Where the walk starts, (T, E) float32.
        grid: Shape of the picture in tokens.
        source_TE: Latent tokens of a picture of the same shape that is changed where the text
            changes the flow; None draws from noise.
    """

    guidance: Guidance
    noise_TE: Tensor
    grid: Grid
    source_TE: Tensor | None = None


def draw(
    paintings: Sequence[Painting],
    *,
    num_steps: int,
    timestep_shift: float,
    config: GuidanceConfig,
    reuse_below: float | None = None,
) -> Iterator[list[tuple[Tensor, Tensor]]]:
    """Draw pictures of one model together; all branches of a step share one forward.

    Args:
        paintings: At least one; sizes and concepts may differ; all with a source, or none.
        num_steps: Velocity evaluations.
        timestep_shift: Of the time grid.
        config: Guidance scales of all pictures.
        reuse_below: Limit of the step caches, one for the steps with guidance and one for those
            without; None computes every step whole.

    Yields:
        After each step, per picture, its latent tokens (T, E) and the clean tokens that the step
        pointed at.

    Raises:
        ValueError: Some paintings have a source and some have none.
    """
    branches = _Branches(paintings, config, reuse_below)
    sizes = [painting.grid.num_tokens for painting in paintings]

    def velocity(x_t: Tensor, t: float) -> Tensor:
        return torch.cat(branches.velocities(x_t.split(sizes), t))

    def difference(x_t: Tensor, source_t: Tensor, t: float) -> Tensor:
        return torch.cat(branches.differences(x_t.split(sizes), source_t.split(sizes), t))

    times = timesteps(num_steps, timestep_shift)
    noise = torch.cat([painting.noise_TE for painting in paintings])
    sources = [one.source_TE for one in paintings if one.source_TE is not None]
    if sources:
        if len(sources) < len(paintings):
            raise ValueError("either every painting has a source, or none has")
        for changed in sample_change(torch.cat(sources), noise, times, difference):
            yield [(tokens, tokens) for tokens in changed.split(sizes)]
        return
    for x_t, towards in sample(noise, times, velocity):
        yield list(zip(x_t.split(sizes), towards.split(sizes), strict=True))


class _Branches:
    """The contexts that count for each picture, on one canvas with guidance and one without."""

    def __init__(
        self, paintings: Sequence[Painting], config: GuidanceConfig, reuse_below: float | None
    ) -> None:
        self.config = config
        self.reuse_below = reuse_below
        side = paintings[0].guidance.full.model.config.max_latent_size
        self.ids = [grid_ids(one.grid.rows, one.grid.columns, side) for one in paintings]
        self.full = [one.guidance.full for one in paintings]
        self.without_text = [one.guidance.without_text for one in paintings]
        self.with_image_free = [
            i
            for i, one in enumerate(paintings)
            if config.needs_image and not one.guidance.image_free_equals_full
        ]
        self.without_image = [paintings[i].guidance.without_image for i in self.with_image_free]

    def _canvas(self, contexts: Sequence[Context], ids: Sequence[Tensor]) -> Canvas:
        return Canvas(contexts, ids, self.reuse_below)

    @cached_property
    def plain(self) -> Canvas:
        return self._canvas(self.full, self.ids)

    @cached_property
    def all(self) -> Canvas:
        contexts = [*self.full, *self.without_text, *self.without_image]
        image_free_ids = [self.ids[i] for i in self.with_image_free]
        return self._canvas(contexts, [*self.ids, *self.ids, *image_free_ids])

    def velocities(self, x_t: Sequence[Tensor], t: float) -> list[Tensor]:
        """Return the guided velocity of each picture."""
        if not self.config.is_on(t):
            return self.plain.velocities(x_t, t)
        count = len(x_t)
        seen = [*x_t, *x_t, *(x_t[i] for i in self.with_image_free)]
        found = self.all.velocities(seen, t)
        image_free = dict(zip(self.with_image_free, found[2 * count :], strict=True))
        return [
            guided(v, v_text, image_free.get(i, v), self.config)
            for i, (v, v_text) in enumerate(zip(found[:count], found[count:], strict=False))
        ]

    @cached_property
    def beside_source(self) -> Canvas:
        return self._canvas([*self.full, *self.without_text], [*self.ids, *self.ids])

    @cached_property
    def all_beside_source(self) -> Canvas:
        contexts = [*self.full, *self.without_text, *self.without_text]
        return self._canvas(contexts, [*self.ids, *self.ids, *self.ids])

    def differences(
        self, x_t: Sequence[Tensor], source_t: Sequence[Tensor], t: float
    ) -> list[Tensor]:
        """Return what the text changes about the velocity of each picture.

        Between the picture read with the text and its source read without, the text's part
        multiplied by its scale.
        """
        count = len(x_t)
        if not self.config.is_on(t):
            found = self.beside_source.velocities([*x_t, *source_t], t)
            return [v - v_source for v, v_source in zip(found[:count], found[count:], strict=True)]
        found = self.all_beside_source.velocities([*x_t, *x_t, *source_t], t)
        parts = zip(found[:count], found[count : 2 * count], found[2 * count :], strict=True)
        return [
            v_text + self.config.cfg_text_scale * (v - v_text) - v_source
            for v, v_text, v_source in parts
        ]


def decode_tokens(model: OmniModel, tokens_TE: Tensor, grid: Grid) -> Tensor:
    """Return pixels (3, Y, X), around [-1, 1], of latent tokens."""
    latents = from_tokens(tokens_TE, grid.rows, grid.columns, model.config.latent_patch_size)
    return model.autoencoder.decode(latents[None].float())[0]
