"""Rotary position embedding, half-split layout.

Knows positions and head vectors. Does not know why image blocks share one position.
Source: Su et al. 2021, "RoFormer", arXiv:2104.09864.
"""

# B sequences, T rows, N heads, H head dim

import torch
from torch import Tensor


def rope_tables(positions_BT: Tensor, head_dim: int, theta: float) -> tuple[Tensor, Tensor]:
    """Return cosine and sine tables, each (B, T, 1, H), float32.

    Args:
        positions_BT: RoPE ids, any integer type.
        head_dim: Width H of one head; even.
        theta: Base of the frequencies.
    """
    exponents = torch.arange(0, head_dim, 2, dtype=torch.float32, device=positions_BT.device)
    inv_freq = theta ** (-exponents / head_dim)
    angles = positions_BT[..., None].float() * inv_freq
    angles = torch.cat([angles, angles], dim=-1)[:, :, None, :]
    return angles.cos(), angles.sin()


def rotate(x_BTNH: Tensor, tables: tuple[Tensor, Tensor]) -> Tensor:
    """Rotate query or key vectors by their positions; same shape and type."""
    cos, sin = tables
    first, second = x_BTNH.chunk(2, dim=-1)
    turned = torch.cat([-second, first], dim=-1)
    return x_BTNH * cos.to(x_BTNH.dtype) + turned * sin.to(x_BTNH.dtype)
