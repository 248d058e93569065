"""Softmax attention, the only file that calls PyTorch's.

Knows devices. Does not know masks' meaning, heads' sharing or positions.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def prepared(mask: Tensor) -> Tensor:
    """Return a mask for several calls; on processors PyTorch makes it anew from booleans in each.

    Args:
        mask: True where a query may look at a key.
    """
    if mask.device.type != "cpu":
        return mask
    return torch.zeros(mask.shape).masked_fill_(~mask, float("-inf"))


def scaled_dot_product(
    q_BNTH: Tensor, k_BNSH: Tensor, v_BNSH: Tensor, mask: Tensor | None = None
) -> Tensor:
    """Return softmax(q k / sqrt(H)) v, (B, N, T, H), of the values' type.

    Args:
        q_BNTH: Queries.
        k_BNSH: Keys.
        v_BNSH: Values.
        mask: Broadcasts to (B, N, T, S); True where a query may look at a key, or `prepared`.
    """
    if q_BNTH.device.type != "cpu":
        return F.scaled_dot_product_attention(q_BNTH, k_BNSH, v_BNSH, attn_mask=mask)
    # On processors PyTorch's bfloat16 attention is the slower one, backwards by half.
    with torch.autocast("cpu", enabled=False):
        mixed = F.scaled_dot_product_attention(
            q_BNTH.float(), k_BNSH.float(), v_BNSH.float(), attn_mask=mask
        )
    return mixed.to(v_BNSH.dtype)
