"""The number type in which training multiplies matrices.

Knows processors. Does not know models. Weights, moments, norms and losses stay float32.
"""

import torch


def multiplies_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 natively; others emulate it, far slower."""
    return bool(torch.cpu.get_capabilities().get("avx512_bf16", False))


def training_precision(device: str = "cpu") -> torch.autocast:
    """Return a context in which matrices are multiplied in bfloat16 where that is faster."""
    return torch.autocast(device, torch.bfloat16, enabled=device != "cpu" or multiplies_bfloat16())
