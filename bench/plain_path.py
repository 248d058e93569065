"""Drawing as the published code does it: the yardstick of `bench speed`.

Contexts are cached, every branch has a forward of its own, and with guidance on all three branches
run, also where two of them are equal. Padding, masks and places are laid out once per branch, so
that the comparison is with a competent program. Knows contexts and guidance. Does not know time.
"""

from collections.abc import Iterator

from torch import Tensor

from omnipersona.model.bagel.flow.guidance import GuidanceConfig, guided
from omnipersona.model.bagel.flow.matching import timesteps
from omnipersona.model.bagel.flow.sampling import DrawInputs, sample
from omnipersona.model.bagel.images import grid_ids
from omnipersona.model.bagel.velocity_batch import VelocityBatch


def draw_plainly(
    inputs: DrawInputs, *, num_steps: int, timestep_shift: float, config: GuidanceConfig
) -> Iterator[Tensor]:
    """Yield the latent tokens (T, E) after each step; the same picture as `sampling.draw`."""
    guidance, grid = inputs.guidance, inputs.grid
    ids = grid_ids(grid.rows, grid.columns, guidance.full.model.config.max_latent_size)
    full, without_text, without_image = (
        VelocityBatch([context], [ids])
        for context in (guidance.full, guidance.without_text, guidance.without_image)
    )

    def velocity(x_t: Tensor, t: float) -> Tensor:
        v = full.velocities([x_t], t)[0]
        if not config.is_on(t):
            return v
        v_text = without_text.velocities([x_t], t)[0]
        v_image = without_image.velocities([x_t], t)[0]
        return guided(v, v_text, v_image, config)

    for x_t, _ in sample(inputs.noise_TE, timesteps(num_steps, timestep_shift), velocity):
        yield x_t
