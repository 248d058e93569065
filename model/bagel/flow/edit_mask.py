"""Which part of a picture an instruction changes; the rest stays as it is.

Where two clean predictions from the same noisy source, with the instruction and without it, differ
by more than a limit, the picture is drawn anew; elsewhere it is held on the source's own path.
Source: Couairon et al. 2022, "DiffEdit", arXiv:2210.11427.
"""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from omnipersona.model.bagel.flow.matching import noised

LOOKED_AT: Final = (0.95, 0.8)
"""Times at which the predictions are compared: where an instruction decides most."""

_LEAST_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True)
class EditMask:
    """The part of a picture that is drawn anew.

    Attributes:
        source_TE: The picture, (T, E).
        is_open_T: Tokens that are drawn anew, (T,).
    """

    source_TE: Tensor
    is_open_T: Tensor

    def held(self, x_t: Tensor, noise: Tensor, t: float) -> Tensor:
        """Return `x_t` (T, E) with every other token where the source's path is at `t`."""
        return torch.where(self.is_open_T[:, None], x_t, noised(self.source_TE, noise, t))


def moved_by(v_TE: Tensor, v_text: Tensor, t: float) -> Tensor:
    """Return how far the text moves the clean prediction of each token, (T,), mean squares."""
    return ((v_TE - v_text) * t).square().mean(-1)


def opened(moved_T: Tensor, limit: float) -> Tensor:
    """Return which tokens of one picture are moved by more than `limit`, (T,).

    An instruction always changes something: where nothing reaches the limit, what is moved most.
    """
    return moved_T > min(limit, _LEAST_SHARE * float(moved_T.max()))
