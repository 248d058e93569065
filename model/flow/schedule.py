"""Times at which a sampler looks at the flow."""

import torch
from torch import Tensor

from omnipersona.model.flow.path import shifted


def timesteps(num_steps: int, timestep_shift: float) -> Tensor:
    """Return num_steps + 1 falling times from 1 to 0, float32.

    Args:
        num_steps: Velocity evaluations, at least 1.
        timestep_shift: Above 1 spends more steps near noise.
    """
    if num_steps < 1:
        raise ValueError(f"num_steps is {num_steps}; at least 1 is needed")
    return shifted(torch.linspace(1.0, 0.0, num_steps + 1), timestep_shift)
