"""Sampling: from contexts and noise to latents, step by step, and from latents to pictures.

Euler's method along the flow, or with fresh noise in every step (Song et al. 2021, "Denoising
Diffusion Implicit Models", arXiv:2010.02502). Drawings of one model share a forward. Does not know
words, concepts, files or queues.
"""

# T latent tokens, E numbers per token

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import torch
from PIL import Image
from torch import Tensor

from omnipersona.model.bagel.flow.edit_mask import LOOKED_AT, EditMask, moved_by, opened
from omnipersona.model.bagel.flow.guidance import GuidanceConfig, guided
from omnipersona.model.bagel.flow.matching import noised, timesteps
from omnipersona.model.bagel.images import grid_ids, to_image, write_png
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.vae import from_tokens
from omnipersona.model.bagel.velocity_batch import CFGContexts, Context, VelocityBatch
from omnipersona.model.contract import DrawSettings, ImageResult, StepEvent


def euler_step(x_t: Tensor, velocity: Tensor, t: float, t_next: float) -> Tensor:
    """Move latents one Euler step along the flow, from `t` down to `t_next`.

    Args:
        x_t: Latent tokens at time `t`, (T, E), float32.
        velocity: Predicted `noise - x_0`, same shape.
        t: Time in [0, 1]; 1 is noise.
        t_next: Time in [0, t).

    Raises:
        ValueError: The shapes differ, or the times do not fall.
    """
    if x_t.shape != velocity.shape or t_next >= t:
        raise ValueError(
            f"latents {tuple(x_t.shape)} and velocity {tuple(velocity.shape)} must agree, "
            f"and t {t} must fall to t_next {t_next}"
        )
    return x_t - velocity * (t - t_next)


def sample(
    noise: Tensor,
    times: Tensor,
    velocity: Callable[[Tensor, float], Tensor],
    region: EditMask | None = None,
    renew: Callable[[Tensor], Tensor] | None = None,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Walk from noise to a picture.

    Args:
        noise: (T, E), float32.
        times: Falling times of `matching.timesteps`.
        velocity: Returns the guided velocity at `x_t`, `t`.
        region: What is drawn; None draws everything.
        renew: Returns the noise to go on with in place of what a step leaves; None goes on with it.

    Yields:
        After each step: the latents, and the clean picture that the step pointed at.
    """
    x_t = noise
    grid = times.tolist()
    for t, t_next in zip(grid, grid[1:], strict=False):
        v = velocity(x_t, t)
        towards = x_t - v * t
        if renew is None:
            x_t = euler_step(x_t, v, t, t_next)
        else:
            x_t = noised(towards, renew(x_t + v * (1.0 - t)), t_next)
        if region is not None:
            x_t, towards = region.held(x_t, noise, t_next), region.held(towards, noise, 0.0)
        yield x_t, towards


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
        limit: How far the text moves what is drawn anew (`model.bagel.flow.edit_mask`).
        fresh_noise: Seed of other noise in every step, as in ancestral sampling; None keeps what
            was there.
    """

    tokens_TE: Tensor
    limit: float
    fresh_noise: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DrawInputs:
    """One picture to be drawn.

    Attributes:
        guidance: The three contexts; they stay as they are.
        noise_TE: Where the walk starts, (T, E) float32.
        grid: Shape of the picture in tokens.
        source: A picture of the same shape of which only a part is drawn anew; None draws all.
        ported_TE: A picture of the same shape at the edit ports; None for a new one, and for models
            without ports.
    """

    guidance: CFGContexts
    noise_TE: Tensor
    grid: Grid
    source: Source | None = None
    ported_TE: Tensor | None = None


def draw(
    inputs_list: Sequence[DrawInputs],
    *,
    num_steps: int,
    timestep_shift: float,
    config: GuidanceConfig,
    reuse_below: float | None = None,
) -> Iterator[list[tuple[Tensor, Tensor]]]:
    """Draw pictures of one model together; all branches of a step share one forward.

    Args:
        inputs_list: At least one; sizes and concepts may differ.
        num_steps: Velocity evaluations.
        timestep_shift: Of the time grid.
        config: Guidance scales of all pictures.
        reuse_below: Limit of the step caches, one for the steps with guidance and one for those
            without; None computes every step whole.

    Yields:
        After each step, per picture, its latent tokens (T, E) and the clean tokens that the step
        pointed at.
    """
    branches = _Branches(inputs_list, config, reuse_below)
    sizes = [inputs.grid.num_tokens for inputs in inputs_list]

    def velocity(x_t: Tensor, t: float) -> Tensor:
        return torch.cat(branches.velocities(x_t.split(sizes), t))

    noise = torch.cat([inputs.noise_TE for inputs in inputs_list])
    times = timesteps(num_steps, timestep_shift)
    region, renew = _region(inputs_list), _renewal(inputs_list)
    for x_t, towards in sample(noise, times, velocity, region, renew):
        yield list(zip(x_t.split(sizes), towards.split(sizes), strict=True))


class _Branches:
    """The contexts that count for each picture, on one canvas with guidance and one without."""

    def __init__(
        self, inputs_list: Sequence[DrawInputs], config: GuidanceConfig, reuse_below: float | None
    ) -> None:
        self.config = config
        self.reuse_below = reuse_below
        side = inputs_list[0].guidance.full.model.config.max_latent_size
        self.ids = [grid_ids(one.grid.rows, one.grid.columns, side) for one in inputs_list]
        self.full = [one.guidance.full for one in inputs_list]
        self.without_text = [one.guidance.without_text for one in inputs_list]
        self.with_image_free = [
            i
            for i, one in enumerate(inputs_list)
            if config.needs_image and not one.guidance.image_free_equals_full
        ]
        self.without_image = [inputs_list[i].guidance.without_image for i in self.with_image_free]
        self.ported = [one.ported_TE for one in inputs_list]

    def _canvas(
        self,
        contexts: Sequence[Context],
        ids: Sequence[Tensor],
        ported: Sequence[Tensor | None],
    ) -> VelocityBatch:
        return VelocityBatch(contexts, ids, ported, self.reuse_below)

    @cached_property
    def plain(self) -> VelocityBatch:
        return self._canvas(self.full, self.ids, self.ported)

    @cached_property
    def all(self) -> VelocityBatch:
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


def _region(inputs_list: Sequence[DrawInputs]) -> EditMask | None:
    """Return what is drawn anew in all pictures together; None if everything is."""
    if not any(one.source for one in inputs_list):
        return None
    parts = [_own_region(one) for one in inputs_list]
    return EditMask(
        torch.cat([one.source_TE for one in parts]), torch.cat([one.is_open_T for one in parts])
    )


def _own_region(inputs: DrawInputs) -> EditMask:
    """Find out where the text of an edit changes its source; all of a new picture is drawn."""
    guidance, grid, noise = inputs.guidance, inputs.grid, inputs.noise_TE
    source = inputs.source
    if source is None:
        return EditMask(noise, torch.ones(grid.num_tokens, dtype=torch.bool))
    ids = grid_ids(grid.rows, grid.columns, guidance.full.model.config.max_latent_size)
    ported = inputs.ported_TE
    canvas = VelocityBatch([guidance.full, guidance.without_text], [ids, ids], [ported, ported])
    moved = torch.zeros(grid.num_tokens)
    for t in LOOKED_AT:
        x_t = noised(source.tokens_TE, noise, t)
        v, v_text = canvas.velocities([x_t, x_t], t)
        moved += moved_by(v, v_text, t) / len(LOOKED_AT)
    return EditMask(source.tokens_TE, opened(moved, source.limit))


def _renewal(inputs_list: Sequence[DrawInputs]) -> Callable[[Tensor], Tensor] | None:
    """Return what gives edits other noise; None where every picture keeps its own."""
    seeds = [None if one.source is None else one.source.fresh_noise for one in inputs_list]
    if all(seed is None for seed in seeds):
        return None
    sizes = [one.grid.num_tokens for one in inputs_list]
    fresh = [None if seed is None else torch.Generator().manual_seed(seed) for seed in seeds]

    def renew(noise: Tensor) -> Tensor:
        parts = zip(noise.split(sizes), fresh, strict=True)
        return torch.cat([p if g is None else torch.randn(p.shape, generator=g) for p, g in parts])

    return renew


def decode_tokens(model: OmniModel, tokens_TE: Tensor, grid: Grid) -> Tensor:
    """Return pixels (3, Y, X), around [-1, 1], of latent tokens."""
    latents = from_tokens(tokens_TE, grid.rows, grid.columns, model.config.latent_patch_size)
    return model.autoencoder.decode(latents[None].float())[0]


MAX_TOGETHER: Final = 4
"""Pictures that are painted together at most: more would let the first one wait too long."""

_TOKENS_TOGETHER: Final = 4096
_NUM_PREVIEWS: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class DrawJob:
    """A painting before its first step, and what is told of it.

    Attributes:
        inputs: What is drawn.
        settings: Of its request; steps and scales are those of all that are painted together.
        seed: Of its noise.
        thought: What the model thought first, tags and all.
    """

    inputs: DrawInputs
    settings: DrawSettings
    seed: int
    thought: str = ""


def num_together(num_tokens: int) -> int:
    """Return how many pictures of so many latent tokens are worth painting together.

    Large pictures fill a device by themselves.
    """
    return max(1, min(MAX_TOGETHER, _TOKENS_TOGETHER // max(1, num_tokens)))


def run_jobs(
    model: OmniModel, jobs: Sequence[DrawJob], config: GuidanceConfig
) -> Iterator[list[StepEvent | ImageResult]]:
    """Yield one event per order after each step, and at the end their pictures.

    Args:
        model: Of all contexts.
        jobs: One at least; number of steps and step cache are the first one's.
        config: Scales of all.
    """
    started = time.monotonic()
    settings, sampling = jobs[0].settings, model.config.sampling
    num_steps = settings.num_steps or sampling.num_steps
    every = max(1, num_steps // _NUM_PREVIEWS)
    steps = draw(
        [one.inputs for one in jobs],
        num_steps=num_steps,
        timestep_shift=sampling.timestep_shift,
        config=config,
        reuse_below=settings.reuse_below,
    )
    final = [one.inputs.noise_TE for one in jobs]
    for i, step in enumerate(steps, start=1):
        is_shown = i % every == 0 and i < num_steps
        yield [
            StepEvent(
                step=i,
                num_steps=num_steps,
                preview=_png(model, towards, one) if is_shown and one.settings.previews else None,
            )
            for one, (_, towards) in zip(jobs, step, strict=True)
        ]
        final = [tokens for tokens, _ in step]
    yield [
        _result(model, one, tokens, num_steps, config, started)
        for one, tokens in zip(jobs, final, strict=True)
    ]


def picture(model: OmniModel, tokens_TE: Tensor, grid: Grid) -> Image.Image:
    """Return the picture of latent tokens."""
    return to_image(decode_tokens(model, tokens_TE, grid))


def _png(model: OmniModel, tokens_TE: Tensor, order: DrawJob) -> bytes:
    return write_png(picture(model, tokens_TE, order.inputs.grid))


def _result(
    model: OmniModel,
    order: DrawJob,
    tokens_TE: Tensor,
    num_steps: int,
    config: GuidanceConfig,
    started: float,
) -> ImageResult:
    image = picture(model, tokens_TE, order.inputs.grid)
    return ImageResult(
        png=write_png(image),
        width=image.width,
        height=image.height,
        seed=order.seed,
        num_steps=num_steps,
        cfg_text_scale=config.cfg_text_scale,
        cfg_img_scale=config.cfg_img_scale,
        elapsed_ms=(time.monotonic() - started) * 1000.0,
        thought=order.thought,
    )
