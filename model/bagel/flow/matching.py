"""Rectified flow: the path between noise and latents, and the times at which a sampler looks at it.

The convention is fixed here, once: t = 1 is noise, t = 0 is the picture,
`x_t = (1 - t) * x_0 + t * noise`. The velocity is `noise - x_0`, so a step of sampling subtracts
it. `num_steps` counts velocity evaluations; the published `num_timesteps = 50` is a grid of 50
points and so `num_steps = 49`.
Source: Liu et al. 2022, "Flow Straight and Fast", arXiv:2209.03003.
"""

from typing import Final

import torch
from torch import Tensor

from omnipersona.model.bagel.config import Prediction

DETAIL: Final = 0.15
"""Standard deviation of what a preconditioned network leaves open of a picture it knows."""

_LEAST: Final = 1e-3
_RAREST: Final = 1e-4


def noised(x_0: Tensor, noise: Tensor, t: Tensor | float) -> Tensor:
    """Return `x_t`, same shape as `x_0`; `t` broadcasts against it and may be 0 (clean)."""
    return (1.0 - t) * x_0 + t * noise


def target_velocity(x_0: Tensor, noise: Tensor) -> Tensor:
    """Return what a network should predict, `noise - x_0`."""
    return noise - x_0


def shifted(u: Tensor, timestep_shift: float) -> Tensor:
    """Move times in [0, 1] towards noise (shift > 1); 0 and 1 stay."""
    return timestep_shift * u / (1.0 + (timestep_shift - 1.0) * u)


def sampled_times(raw: Tensor, timestep_shift: float) -> Tensor:
    """Return training times: the sigmoid of normal `raw`, shifted."""
    return shifted(torch.sigmoid(raw), timestep_shift)


def spread_times(
    count: int, timestep_shift: float, generator: torch.Generator, deviation: float = 1.0
) -> Tensor:
    """Return `count` training times, one from each of as many equally likely spans, shuffled.

    Each alone is distributed like `sampled_times` of a normal number of this deviation (published:
    1; a larger one gives more times near both ends); together they cover the
    path evenly, which calms the gradient of a small batch. Source: Kingma et al. 2021,
    "Variational Diffusion Models", arXiv:2107.00630, appendix I.
    """
    spans = torch.randperm(count, generator=generator) + torch.rand(count, generator=generator)
    likely = (spans / max(1, count)).clamp(_RAREST, 1.0 - _RAREST)
    return sampled_times(deviation * torch.special.ndtri(likely), timestep_shift)


def as_velocity(output: Tensor, x_t: Tensor, t: Tensor, prediction: Prediction) -> Tensor:
    """Turn a network's output into a velocity.

    `preconditioned` predicts clean latents, but near t = 0, where `x_t` is nearer to them than a
    network can be, only what is missing: `x_0 = c_skip x_t + c_out F` with F of variance 1, for
    latents of variance 1 of which the network leaves a part of variance `DETAIL**2` open.
    Source: Karras et al. 2022, "Elucidating the Design Space of Diffusion-Based Generative Models",
    arXiv:2206.00364, section 5, on this path.

    Args:
        output: Of the network.
        x_t: Latents at time `t`.
        t: Times, broadcasting against `x_t`.
        prediction: What `output` is.
    """
    if prediction == "velocity":
        return output
    t = t.clamp_min(_LEAST)
    picture = 1.0 - t
    c_skip = DETAIL**2 * picture / (DETAIL**2 * picture.square() + t.square())
    c_out = ((1.0 - c_skip * picture).square() + (c_skip * t).square()).sqrt()
    return ((1.0 - c_skip) * x_t - c_out * output) / t


def copying_velocity(x_t: Tensor, source: Tensor, t: Tensor) -> Tensor:
    """Return the velocity that leads to `source` from wherever `x_t` is at time `t`."""
    return (x_t - source) / t.clamp_min(_LEAST)


def timesteps(num_steps: int, timestep_shift: float) -> Tensor:
    """Return num_steps + 1 falling times from 1 to 0, float32.

    Args:
        num_steps: Velocity evaluations, at least 1.
        timestep_shift: Above 1 spends more steps near noise.
    """
    if num_steps < 1:
        raise ValueError(f"num_steps is {num_steps}; at least 1 is needed")
    return shifted(torch.linspace(1.0, 0.0, num_steps + 1), timestep_shift)
