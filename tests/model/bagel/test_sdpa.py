"""Attention equals its formula, in either number type."""

import pytest
import torch

from omnipersona.model.bagel.transformer import scaled_dot_product


@pytest.mark.parametrize(("dtype", "bound"), [(torch.float32, 1e-6), (torch.bfloat16, 2e-2)])
def test_attention_is_the_softmax_of_scaled_products(dtype: torch.dtype, bound: float) -> None:
    generator = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(2, 3, 5, 8, generator=generator).to(dtype) for _ in range(3))
    mask = torch.ones(5, 5, dtype=torch.bool).tril()
    scores = (q.float() @ k.float().mT / 8**0.5).masked_fill(~mask, -torch.inf)
    mixed = scaled_dot_product(q, k, v, mask)
    assert mixed.dtype == dtype
    torch.testing.assert_close(mixed.float(), scores.softmax(-1) @ v.float(), atol=bound, rtol=0)


def test_lower_precision_around_it_does_not_reach_it() -> None:
    generator = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(1, 2, 4, 8, generator=generator) for _ in range(3))
    with torch.autocast("cpu", torch.bfloat16):
        inside = scaled_dot_product(q, k, v)
    assert torch.equal(inside, scaled_dot_product(q, k, v))
