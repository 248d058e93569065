"""Latents and tokens are each other's inverse."""

import pytest
import torch
from oracles import plain_turns
from oracles.random_weights import noise

from omnipersona.model.bagel.vae import from_tokens, to_tokens


@pytest.mark.parametrize(("rows", "columns", "patch", "channels"), [(1, 1, 2, 4), (2, 3, 2, 3)])
def test_unpacking_undoes_packing(rows: int, columns: int, patch: int, channels: int) -> None:
    latents = noise(1, channels, rows * patch, columns * patch)
    tokens = to_tokens(latents, patch)
    assert torch.equal(tokens, plain_turns.to_tokens(latents, patch))
    assert torch.equal(from_tokens(tokens, rows, columns, patch), latents)
