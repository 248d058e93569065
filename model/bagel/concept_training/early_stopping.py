"""Early stopping by photos held out of the training: which tokens to keep, and when to stop.

Knows samples, the frozen model and tokens. Does not know optimisers.
"""

import math
from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.sequence import Markers, Sample, pack
from omnipersona.model.concepts.tokens import ConceptTokens

PATIENCE: Final = 3
"""Looks without a better loss after which learning stops."""


class EarlyStopping:
    """Measures the loss on the same samples now and then, and keeps the best tokens.

    Args:
        model: Frozen.
        tokens: What is learned, in the order of the samples' soft rows.
        samples: Of photos that are held out; without any, nothing is watched.
        markers: Ids around pictures.
    """

    def __init__(
        self,
        model: OmniModel,
        tokens: Sequence[ConceptTokens],
        samples: Sequence[Sample],
        markers: Markers,
    ) -> None:
        self._model = model
        self._tokens = tokens
        self._packed = pack(samples, markers) if samples else None
        self._best = math.inf
        self._kept: list[Tensor] = []
        self._num_worse = 0

    @torch.no_grad()
    def look(self) -> float | None:
        """Return the loss on the held-out samples; None if nothing is watched."""
        if self._packed is None:
            return None
        losses = self._model(self._packed, torch.cat([one.table() for one in self._tokens]))
        loss = float(losses.ce.mean() + losses.mse.mean())
        self._num_worse += 1
        if loss < self._best:
            self._best, self._num_worse = loss, 0
            self._kept = [value.clone() for value in self._vectors()]
        return loss

    @property
    def is_over(self) -> bool:
        """Whether the loss has not fallen for `PATIENCE` looks."""
        return self._num_worse >= PATIENCE

    @torch.no_grad()
    def restore(self) -> None:
        """Go back to the tokens of the best look, if there was one."""
        for vector, best in zip(self._vectors(), self._kept, strict=False):
            vector.copy_(best)

    def _vectors(self) -> list[Tensor]:
        return [vector for one in self._tokens for vector in one.parameters()]
