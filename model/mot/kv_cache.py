"""Keys and values of rows already read, so that a context is read once.

Knows tensors per layer, their length and the next RoPE id. Does not know what the rows mean.
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
