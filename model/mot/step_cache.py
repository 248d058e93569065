"""Reusing deep layers between the steps of a drawing, an approximation that callers ask for.

Between neighbouring steps a noisy picture hardly changes, and neither does what most layers add to
it. The first layer always runs and tells how far its rows have moved since the last whole step;
below a limit the other layers are left out and what they added then is added again. Source: the
idea of TeaCache (Liu et al. 2024, arXiv:2411.19108), judged by the first layer's rows.
Knows rows. Does not know branches or times: every canvas has a cache of its own.
"""

from torch import Tensor


class StepCache:
    """What the layers behind the first one added at the last whole step.

    Args:
        limit: Mean change of the generation expert's rows, as a share of their mean size, below
            which it is added again.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self._first: tuple[Tensor, Tensor] | None = None
        self._added: tuple[Tensor, Tensor] | None = None

    def reused(self, und_UD: Tensor, gen_GD: Tensor) -> tuple[Tensor, Tensor] | None:
        """Return the last layer's rows if these of the first have hardly moved, else None."""
        if self._first is not None and self._added is not None:
            before = self._first[1]
            if float((gen_GD - before).abs().mean() / before.abs().mean()) < self.limit:
                return und_UD + self._added[0], gen_GD + self._added[1]
        self._first, self._added = (und_UD, gen_GD), None
        return None

    def keep(self, und_UD: Tensor, gen_GD: Tensor) -> None:
        """Note the last layer's rows of a whole step."""
        assert self._first is not None, "the first layer has run"
        self._added = und_UD - self._first[0], gen_GD - self._first[1]
