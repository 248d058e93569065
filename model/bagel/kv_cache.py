"""Keys and values of rows already read, and what deep layers added in an earlier step of a drawing.

A context is read once and its keys and values are kept. Between neighbouring steps a noisy picture
hardly changes, and neither does what most layers add to it: the first layer always runs and tells
how far its rows have moved since the last whole step; below a limit the other layers are left out
and what they added then is added again, an approximation that callers ask for. Source: the idea of
TeaCache (Liu et al. 2024, arXiv:2411.19108), judged by the first layer's rows. Does not know what
the rows mean.
"""

# T rows so far, K kv heads, H head dim

from dataclasses import dataclass, field
from typing import Self

import torch
from torch import Tensor


@dataclass(kw_only=True, slots=True)
class KVCache:
    """One sequence's keys (after norm and RoPE) and values, and two separate counters.

    `length` counts rows; `next_position` counts RoPE ids, of which an image block takes only one.

    Attributes:
        keys: Per layer (T, K, H); empty before the first append.
        values: Per layer (T, K, H).
        next_position: RoPE id of the next segment.
    """

    keys: list[Tensor] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)
    next_position: int = 0

    @property
    def length(self) -> int:
        """Rows held."""
        return int(self.keys[0].shape[0]) if self.keys else 0

    def append(self, layer: int, keys_TKH: Tensor, values_TKH: Tensor) -> None:
        """Add rows to a layer; layers are filled in order, so the first append creates them."""
        if layer == len(self.keys):
            self.keys.append(keys_TKH)
            self.values.append(values_TKH)
        else:
            self.keys[layer] = torch.cat([self.keys[layer], keys_TKH])
            self.values[layer] = torch.cat([self.values[layer], values_TKH])

    def fork(self) -> Self:
        """Return a cache that grows on its own; tensors are shared, since none is ever written."""
        return type(self)(
            keys=list(self.keys), values=list(self.values), next_position=self.next_position
        )


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
