"""Which rows may look at which: causal text, bidirectional image blocks, hidden noise blocks.

A sample is a row of blocks, each with a length and a mode. Three blocks, text of two rows, a
clean image of two and a noisy image of two, look like this (row looks at column):

    text   1 0  0 0  0 0      "causal": sees itself and what came before
           1 1  0 0  0 0
    image  1 1  1 1  0 0      "full": the whole block and what came before
           1 1  1 1  0 0
    noise  1 1  1 1  1 1      "noise": like full, but nothing after it may look at it
           1 1  1 1  1 1

A block may also lie on a side branch, numbered from 1: only blocks of the same branch look at it.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

AttnMode = Literal["causal", "full", "noise"]


def sample_mask(
    split_lens: Sequence[int],
    attn_modes: Sequence[AttnMode],
    branches: Sequence[int] | None = None,
) -> Tensor:
    """Return the mask of one sample, (T, T) bool, True where row may look at column.

    Args:
        split_lens: Rows of each block.
        attn_modes: Mode of each block.
        branches: Side branch of each block, 0 for the trunk, where all lie by default.
    """
    total = sum(split_lens)
    block = torch.repeat_interleave(torch.arange(len(split_lens)), torch.tensor(split_lens))
    causal = torch.ones(total, total, dtype=torch.bool).tril()
    same_block = block[:, None] == block[None, :]
    is_causal = torch.tensor([mode == "causal" for mode in attn_modes])[block]
    is_noise = torch.tensor([mode == "noise" for mode in attn_modes])[block]
    allowed = causal | (same_block & ~is_causal[:, None])
    allowed &= same_block | ~is_noise[None, :]
    branch = torch.tensor(branches or [0] * len(split_lens))[block]
    return allowed & ((branch[None, :] == 0) | (branch[None, :] == branch[:, None]))


def pack_mask(masks: Sequence[Tensor]) -> Tensor:
    """Return the mask of a whole pack, (T, T): samples never see one another."""
    return torch.block_diag(*[mask.to(torch.uint8) for mask in masks]).bool()
