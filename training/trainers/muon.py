"""Muon: momentum whose matrices are made orthogonal before they are applied.

The library's own always orthogonalises in bfloat16, which processors without it emulate, thirty
times slower; this one does so only where it is native, and treats all matrices of one shape
together, shared by the team.
Knows matrices, gradients and the team.
Source: Jordan et al. 2024, "Muon"; the step's size follows Liu et al. 2025, arXiv:2502.16982.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.optim.optimizer import ParamsT

from omnipersona.model.engine.devices import multiplies_bfloat16
from omnipersona.model.engine.distributed import ALONE, Team

_COEFFICIENTS: Final = (3.4445, -4.775, 2.0315)
_ITERATIONS: Final = 4
_EPS: Final = 1e-7
# An orthogonal update is scaled to the root-mean-square that AdamW's usual updates have.
_UPDATE_RMS: Final = 0.2


class Muon(torch.optim.Optimizer):
    """Updates matrices alone; one step moves every singular direction alike.

    Args:
        matrices: Parameters of two dimensions, or groups of them.
        lr: Comparable to AdamW's.
        team: Every process has the same gradients; each makes its share of the updates.
        momentum: Of the gradients, with Nesterov's look ahead.
        weight_decay: Decoupled, per unit of `lr`.
    """

    def __init__(
        self,
        matrices: ParamsT,
        lr: float,
        team: Team = ALONE,
        momentum: float = 0.95,
        weight_decay: float = 0.01,
    ) -> None:
        defaults = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
        super().__init__(matrices, defaults)
        self.team = team

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Apply one update; matrices without a gradient stay."""
        for group in self.param_groups:
            by_shape: dict[tuple[int, int], list[nn.Parameter]] = defaultdict(list)
            for matrix in group["params"]:
                if matrix.grad is not None:
                    rows, columns = matrix.shape
                    by_shape[min(rows, columns), max(rows, columns)].append(matrix)
            for (_, longer), matrices in by_shape.items():
                wide = torch.stack([self._direction(one, group) for one in matrices])
                size = group["lr"] * _UPDATE_RMS * longer**0.5
                for matrix, update in zip(matrices, self._shared(wide), strict=True):
                    matrix.mul_(1.0 - group["lr"] * group["weight_decay"])
                    matrix.sub_(update if _is_wide(matrix) else update.T, alpha=size)

    def _shared(self, wide: Tensor) -> Tensor:
        """Make this process's share of the updates and gather the rest."""
        mine = slice(self.team.rank, None, self.team.size)
        updates = torch.zeros_like(wide)
        updates[mine] = orthogonal(wide[mine])
        self.team.add(updates)
        return updates

    def _direction(self, matrix: nn.Parameter, group: dict[str, Any]) -> Tensor:
        """Return momentum with a look ahead, the longer side last."""
        state, grad = self.state[matrix], matrix.grad
        assert grad is not None, "matrices without a gradient are left out"
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(matrix)
        kept: Tensor = state["momentum"].lerp_(grad, 1.0 - group["momentum"])
        ahead = grad.lerp(kept, group["momentum"])
        return ahead if _is_wide(matrix) else ahead.T


def orthogonal(wide_BMN: Tensor) -> Tensor:
    """Return matrices (B, M, N), M <= N, with all singular values near 1, by Newton-Schulz."""
    a, b, c = _COEFFICIENTS
    x = wide_BMN / (wide_BMN.norm(dim=(-2, -1), keepdim=True) + _EPS)
    if x.device.type != "cpu" or multiplies_bfloat16():
        x = x.bfloat16()
    for _ in range(_ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.to(wide_BMN.dtype)


def _is_wide(matrix: Tensor) -> bool:
    return matrix.shape[0] <= matrix.shape[1]
