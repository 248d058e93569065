"""The one attention of both experts.

Rows of both experts lie packed without padding; attention runs on a padded grid (B sequences, T
rows), to which the layout's indices lead and from which they lead back.
"""

# B sequences, T grid rows, P past rows, U und rows, G gen rows, N heads, K kv heads, H head dim

from dataclasses import dataclass, fields, replace
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor

from omnipersona.model.mot.kv_cache import KVCache
from omnipersona.model.sdpa import scaled_dot_product


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """Where packed rows lie on the padded grid, and who may look at whom.

    Attributes:
        row_at: (B, T) index into the und rows followed by the gen rows; padding points at row 0.
        und_at: (U,) flat grid place of each und row.
        gen_at: (G,) flat grid place of each gen row.
        positions: (B, T) RoPE ids.
        mask: (B, 1, T, P + T) bool, True where a row may look at a column (in the decoder
            `sdpa.prepared`); padding rows look at something, so that no row is empty.
    """

    row_at: Tensor
    und_at: Tensor
    gen_at: Tensor
    positions: Tensor
    mask: Tensor

    def to(self, device: torch.device) -> Self:
        """Return it on another device, for layers that lie there."""
        moved = {field.name: getattr(self, field.name).to(device) for field in fields(self)}
        return replace(self, **moved)


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """Padded keys and values of several caches, per layer (B, P, K, H).

    Who is real is said on the host, where masks are made.
    """

    keys: list[Tensor]
    values: list[Tensor]
    is_real: Tensor

    @classmethod
    def of(cls, caches: list[KVCache], multiple: int = 1) -> "Past | None":
        """Pad `caches` to one length, a multiple of some rows; None when all are empty."""
        longest = max(cache.length for cache in caches)
        if longest == 0:
            return None
        longest += -longest % multiple
        filled = next(cache for cache in caches if cache.keys)
        num_layers = len(filled.keys)
        lengths = torch.tensor([cache.length for cache in caches])
        columns = torch.arange(longest)

        def padded(name: str, layer: int) -> Tensor:
            empty = filled.keys[layer][:0]
            rows = [getattr(c, name)[layer] if c.keys else empty for c in caches]
            return torch.stack([F.pad(r, (0, 0, 0, 0, 0, longest - r.shape[0])) for r in rows])

        return cls(
            keys=[padded("keys", i) for i in range(num_layers)],
            values=[padded("values", i) for i in range(num_layers)],
            is_real=columns[None, :] < lengths[:, None],
        )


def attend(q_BTNH: Tensor, k_BSKH: Tensor, v_BSKH: Tensor, mask: Tensor) -> Tensor:
    """Return softmax(q k / sqrt(H)) v, (B, T, N * H); query head h uses kv head h // (N / K)."""
    repeats = q_BTNH.shape[2] // k_BSKH.shape[2]
    if repeats > 1:
        k_BSKH = k_BSKH.repeat_interleave(repeats, dim=2)
        v_BSKH = v_BSKH.repeat_interleave(repeats, dim=2)
    q, k, v = (part.transpose(1, 2) for part in (q_BTNH, k_BSKH, v_BSKH))
    mixed = scaled_dot_product(q, k, v, mask)
    return mixed.transpose(1, 2).flatten(2)


def to_grid(parts: tuple[Tensor, ...], layout: Layout) -> Tensor:
    """Lay packed rows (R, ...), those of und before those of gen, out on the grid (B, T, ...)."""
    batch, length = layout.row_at.shape
    picked = torch.cat(parts).index_select(0, layout.row_at.flatten())
    return picked.view(batch, length, *picked.shape[1:])
