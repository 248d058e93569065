"""Adam for a concept's few vectors.

The optimisers of torch load its compiler when they start, eight seconds that a first lesson on two
cores cannot spare. AdamW without weight decay is the same.
Source: Kingma and Ba 2015, "Adam", arXiv:1412.6980.
"""

from collections.abc import Sequence
from typing import Final

import torch
from torch import nn

_MEAN_DECAY: Final = 0.9
_SQUARE_DECAY: Final = 0.999
_EPSILON: Final = 1e-8


class Adam:
    """Moments of some parameters.

    Args:
        parameters: Changed in place by `step`; those without a gradient stay.
    """

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self.parameters = list(parameters)
        self.means = [torch.zeros_like(one) for one in self.parameters]
        self.squares = [torch.zeros_like(one) for one in self.parameters]
        self.num_steps = 0

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move every parameter by about `rate` against its gradient."""
        self.num_steps += 1
        mean_share = 1.0 - _MEAN_DECAY**self.num_steps
        square_share = 1.0 - _SQUARE_DECAY**self.num_steps
        for parameter, mean, square in zip(self.parameters, self.means, self.squares, strict=True):
            if parameter.grad is None:
                continue
            mean.lerp_(parameter.grad, 1.0 - _MEAN_DECAY)
            square.lerp_(parameter.grad.square(), 1.0 - _SQUARE_DECAY)
            size = (square / square_share).sqrt() + _EPSILON
            parameter.addcdiv_(mean / mean_share, size, value=-rate)
