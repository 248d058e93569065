"""Matrices are multiplied in bfloat16 only where the processor can."""

import pytest
import torch

from omnipersona.model.engine import devices
from omnipersona.training.trainers.muon import orthogonal


@pytest.mark.parametrize(("native", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_training_multiplies_in_what_the_processor_knows(
    monkeypatch: pytest.MonkeyPatch, native: bool, dtype: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": native})
    with devices.training_precision():
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == dtype


@pytest.mark.parametrize("native", [True, False])
def test_updates_are_orthogonal_in_either_type(
    monkeypatch: pytest.MonkeyPatch, native: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": native})
    matrices = torch.randn(2, 16, 32, generator=torch.Generator().manual_seed(0))
    updates = orthogonal(matrices)
    assert updates.dtype == torch.float32
    values = torch.linalg.svdvals(updates)
    assert ((values > 0.4) & (values < 1.4)).all()
