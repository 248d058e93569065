"""Drawing: from three contexts and noise to latents, step by step.

Knows contexts, guidance and flow. Does not know words, files or jobs.
"""

# T latent tokens, E numbers per token

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from omnipersona.model.flow.guidance import GuidanceConfig, guided
from omnipersona.model.flow.sampler import sample
from omnipersona.model.flow.schedule import timesteps
from omnipersona.model.latent.patches import from_tokens
from omnipersona.model.omni import OmniModel
from omnipersona.model.sequence.context import Guidance
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


def draw(
    guidance: Guidance,
    noise_TE: Tensor,
    grid: Grid,
    *,
    num_steps: int,
    timestep_shift: float,
    config: GuidanceConfig,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Paint one picture.

    Args:
        guidance: The three contexts; they stay as they are.
        noise_TE: Where the walk starts, (T, E) float32.
        grid: Shape of the picture in tokens.
        num_steps: Velocity evaluations.
        timestep_shift: Of the time grid.
        config: Guidance scales.

    Yields:
        After each step, latent tokens (T, E) and the clean tokens that the step pointed at.
    """
    side = guidance.full.model.config.max_latent_size
    ids = grid_ids(grid.rows, grid.columns, side)

    def velocity(x_TE: Tensor, t: float) -> Tensor:
        v = guidance.full.velocity(x_TE, ids, t)
        if not config.is_on(t):
            return v

        def without_image() -> Tensor:
            if guidance.image_free_equals_full:
                return v
            return guidance.without_image.velocity(x_TE, ids, t)

        return guided(
            v, lambda: guidance.without_text.velocity(x_TE, ids, t), without_image, config
        )

    yield from sample(noise_TE, timesteps(num_steps, timestep_shift), velocity)


def decode_tokens(model: OmniModel, tokens_TE: Tensor, grid: Grid) -> Tensor:
    """Return pixels (3, Y, X), around [-1, 1], of latent tokens."""
    latents = from_tokens(tokens_TE, grid.rows, grid.columns, model.config.latent_patch_size)
    return model.autoencoder.decode(latents[None].float())[0]
