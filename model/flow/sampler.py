"""Euler's method along the flow, or with other noise in every step.

Knows no network, only velocities.
Source of the second: Song et al. 2021, "Denoising Diffusion Implicit Models", arXiv:2010.02502.
"""

from collections.abc import Callable, Iterator

from torch import Tensor

from omnipersona.model.flow.path import noised
from omnipersona.model.flow.region import Region


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
    region: Region | None = None,
    renew: Callable[[Tensor], Tensor] | None = None,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Walk from noise to a picture.

    Args:
        noise: (T, E), float32.
        times: Falling times of `schedule.timesteps`.
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
