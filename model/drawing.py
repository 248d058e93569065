"""Drawing: from three contexts and noise to latents, step by step.

Knows contexts, guidance and flow. Does not know words, files or jobs.
"""

# T latent tokens, E numbers per token

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from omnipersona.model.flow.guidance import GuidanceConfig, guided
from omnipersona.model.flow.path import noised
from omnipersona.model.flow.region import LOOKED_AT, Region, moved_by, opened
from omnipersona.model.flow.sampler import sample
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


@dataclass(frozen=True, slots=True)
class Source:
    """The picture that an edit leaves as it is where its text changes little.

    Attributes:
        tokens_TE: Latent tokens.
        limit: How far the text moves what is drawn anew (`model.flow.region`).
        fresh_noise: Seed of other noise in every step, as in ancestral sampling; None keeps what
            was there.
    """

    tokens_TE: Tensor
    limit: float
    fresh_noise: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Painting:
    """One picture to be drawn.

    Attributes:
        guidance: The three contexts; they stay as they are.
        noise_TE: Where the walk starts, (T, E) float32.
        grid: Shape of the picture in tokens.
        source: A picture of the same shape of which only a part is drawn anew; None draws all.
        ported_TE: A picture of the same shape at the edit ports; None for a new one, and for models
            without ports.
    """

    guidance: Guidance
    noise_TE: Tensor
    grid: Grid
    source: Source | None = None
    ported_TE: Tensor | None = None


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
        paintings: At least one; sizes and concepts may differ.
        num_steps: Velocity evaluations.
        timestep_shift: Of the time grid.
        config: Guidance scales of all pictures.
        reuse_below: Limit of the step caches, one for the steps with guidance and one for those
            without; None computes every step whole.

    Yields:
        After each step, per picture, its latent tokens (T, E) and the clean tokens that the step
        pointed at.
    """
    branches = _Branches(paintings, config, reuse_below)
    sizes = [painting.grid.num_tokens for painting in paintings]

    def velocity(x_t: Tensor, t: float) -> Tensor:
        return torch.cat(branches.velocities(x_t.split(sizes), t))

    noise = torch.cat([painting.noise_TE for painting in paintings])
    times = timesteps(num_steps, timestep_shift)
    region, renew = _region(paintings), _renewal(paintings)
    for x_t, towards in sample(noise, times, velocity, region, renew):
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
        self.ported = [one.ported_TE for one in paintings]

    def _canvas(
        self,
        contexts: Sequence[Context],
        ids: Sequence[Tensor],
        ported: Sequence[Tensor | None],
    ) -> Canvas:
        return Canvas(contexts, ids, ported, self.reuse_below)

    @cached_property
    def plain(self) -> Canvas:
        return self._canvas(self.full, self.ids, self.ported)

    @cached_property
    def all(self) -> Canvas:
        contexts = [*self.full, *self.without_text, *self.without_image]
        image_free_ids = [self.ids[i] for i in self.with_image_free]
        ids = [*self.ids, *self.ids, *image_free_ids]
        # Without the picture there is nothing to copy.
        image_free = [None] * len(image_free_ids)
        return self._canvas(contexts, ids, [*self.ported, *self.ported, *image_free])

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


def _region(paintings: Sequence[Painting]) -> Region | None:
    """Return what is drawn anew in all pictures together; None if everything is."""
    if not any(one.source for one in paintings):
        return None
    parts = [_own_region(one) for one in paintings]
    return Region(
        torch.cat([one.source_TE for one in parts]), torch.cat([one.is_open_T for one in parts])
    )


def _own_region(painting: Painting) -> Region:
    """Find out where the text of an edit changes its source; all of a new picture is drawn."""
    guidance, grid, noise = painting.guidance, painting.grid, painting.noise_TE
    source = painting.source
    if source is None:
        return Region(noise, torch.ones(grid.num_tokens, dtype=torch.bool))
    ids = grid_ids(grid.rows, grid.columns, guidance.full.model.config.max_latent_size)
    ported = painting.ported_TE
    canvas = Canvas([guidance.full, guidance.without_text], [ids, ids], [ported, ported])
    moved = torch.zeros(grid.num_tokens)
    for t in LOOKED_AT:
        x_t = noised(source.tokens_TE, noise, t)
        v, v_text = canvas.velocities([x_t, x_t], t)
        moved += moved_by(v, v_text, t) / len(LOOKED_AT)
    return Region(source.tokens_TE, opened(moved, source.limit))


def _renewal(paintings: Sequence[Painting]) -> Callable[[Tensor], Tensor] | None:
    """Return what gives edits other noise; None where every picture keeps its own."""
    seeds = [None if one.source is None else one.source.fresh_noise for one in paintings]
    if all(seed is None for seed in seeds):
        return None
    sizes = [one.grid.num_tokens for one in paintings]
    fresh = [None if seed is None else torch.Generator().manual_seed(seed) for seed in seeds]

    def renew(noise: Tensor) -> Tensor:
        parts = zip(noise.split(sizes), fresh, strict=True)
        return torch.cat([p if g is None else torch.randn(p.shape, generator=g) for p, g in parts])

    return renew


def decode_tokens(model: OmniModel, tokens_TE: Tensor, grid: Grid) -> Tensor:
    """Return pixels (3, Y, X), around [-1, 1], of latent tokens."""
    latents = from_tokens(tokens_TE, grid.rows, grid.columns, model.config.latent_patch_size)
    return model.autoencoder.decode(latents[None].float())[0]
