"""Training states come back as they were, or not at all."""

from pathlib import Path

import pytest
import torch
from torch import nn

from omnipersona.model.errors import WeightsError
from omnipersona.training.trainers.checkpoint import load_state, save_state


def _trained(rows: int) -> tuple[nn.Linear, torch.optim.AdamW]:
    torch.manual_seed(rows)
    layer = nn.Linear(2, rows)
    optimizer = torch.optim.AdamW(layer.parameters(), lr=0.1)
    torch.autograd.backward(layer(torch.ones(1, 2)).sum())
    optimizer.step()
    return layer, optimizer


def test_weights_moments_and_step_come_back(tmp_path: Path) -> None:
    layer, optimizer = _trained(3)
    save_state(tmp_path / "run", layer, optimizer, 7)
    again = nn.Linear(2, 3)
    fresh = torch.optim.AdamW(again.parameters(), lr=0.1)
    assert load_state(tmp_path / "run", again, fresh) == 7
    assert torch.equal(again.weight, layer.weight)
    for mine, theirs in zip(layer.parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(optimizer.state[mine], fresh.state[theirs])


def test_moments_of_other_parameters_are_refused(tmp_path: Path) -> None:
    layer, optimizer = _trained(3)
    save_state(tmp_path / "run", layer, optimizer, 7)
    _, other = _trained(4)
    with pytest.raises(WeightsError, match="moments of other parameters"):
        load_state(tmp_path / "run", nn.Linear(2, 3), other)
