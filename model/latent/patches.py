"""Latents to tokens and back.

A latent picture (C, h * s, w * s) becomes h * w tokens of s * s * C numbers, (row, column,
channel) order inside a token, channel fastest; tokens run row by row.
"""

from einops import rearrange
from torch import Tensor


def to_tokens(latents_CYX: Tensor, patch: int) -> Tensor:
    """Return tokens (h * w, patch * patch * C)."""
    return rearrange(latents_CYX, "c (h p) (w q) -> (h w) (p q c)", p=patch, q=patch)


def from_tokens(tokens_nE: Tensor, rows: int, columns: int, patch: int) -> Tensor:
    """Return latents (C, rows * patch, columns * patch)."""
    return rearrange(
        tokens_nE, "(h w) (p q c) -> c (h p) (w q)", h=rows, w=columns, p=patch, q=patch
    )
