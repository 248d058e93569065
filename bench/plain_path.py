"""Drawing as the published code does it: the yardstick of `bench speed`.

Contexts are cached, every branch has a forward of its own, and with guidance on all three branches
run, also where two of them are equal. Padding, masks and places are laid out once per branch, so
that the comparison is with a competent program. Knows contexts and guidance. Does not know time.
"""

from collections.abc import Iterator

from torch import Tensor

from omnipersona.model.drawing import Painting
from omnipersona.model.flow.guidance import GuidanceConfig, guided
from omnipersona.model.flow.sampler import sample
from omnipersona.model.flow.schedule import timesteps
from omnipersona.model.sequence.canvas import Canvas
from omnipersona.model.vision.images import grid_ids


def draw_plainly(
    painting: Painting, *, num_steps: int, timestep_shift: float, config: GuidanceConfig
) -> Iterator[Tensor]:
    """Yield the latent tokens (T, E) after each step; the same picture as `drawing.draw`."""
    guidance, grid = painting.guidance, painting.grid
    ids = grid_ids(grid.rows, grid.columns, guidance.full.model.config.max_latent_size)
    full, without_text, without_image = (
        Canvas([context], [ids])
        for context in (guidance.full, guidance.without_text, guidance.without_image)
    )

    def velocity(x_t: Tensor, t: float) -> Tensor:
        v = full.velocities([x_t], t)[0]
        if not config.is_on(t):
            return v
        v_text = without_text.velocities([x_t], t)[0]
        v_image = without_image.velocities([x_t], t)[0]
        return guided(v, v_text, v_image, config)

    for x_t, _ in sample(painting.noise_TE, timesteps(num_steps, timestep_shift), velocity):
        yield x_t
