"""Muon moves matrices by near-orthogonal updates, and nothing else."""

from pathlib import Path

import pytest
import torch
from oracles.random_weights import noise
from torch import nn

from omnipersona.training.trainers.checkpoint import load_state, save_state
from omnipersona.training.trainers.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 16, 40)])
def test_singular_values_come_near_one(shape: tuple[int, int, int]) -> None:
    values = torch.linalg.svdvals(orthogonal(noise(1, *shape)))
    assert float(values.min()) > 0.3
    assert float(values.max()) < 1.3


@pytest.mark.parametrize("shape", [(6, 10), (10, 6)])
def test_matrices_of_either_form_walk_to_the_minimum(shape: tuple[int, int]) -> None:
    wanted, weight = noise(2, *shape), nn.Parameter(torch.zeros(shape))
    optimizer = Muon([weight], lr=0.2, weight_decay=0.0)
    first = float((weight - wanted).square().mean().detach())
    for _ in range(60):
        optimizer.zero_grad()
        (weight - wanted).square().mean().backward()
        optimizer.step()
    assert float((weight - wanted).square().mean().detach()) < 0.2 * first


def test_a_matrix_without_a_gradient_stays() -> None:
    moved, still = (nn.Parameter(torch.ones(3, 3)) for _ in range(2))
    optimizer = Muon([moved, still], lr=0.1)
    moved.grad = noise(3, 3, 3)
    optimizer.step()
    assert torch.equal(still, torch.ones(3, 3))
    assert not torch.equal(moved, torch.ones(3, 3))


def test_a_saved_momentum_goes_on(tmp_path: Path) -> None:
    def run(steps: int, optimizer: Muon, weight: nn.Parameter, start: int = 0) -> None:
        for i in range(start, start + steps):
            weight.grad = noise(i, 4, 6)
            optimizer.step()

    whole = nn.Parameter(torch.zeros(4, 6))
    run(4, Muon([whole], lr=0.1), whole)
    half = nn.Parameter(torch.zeros(4, 6))
    first = Muon([half], lr=0.1)
    run(2, first, half)
    save_state(tmp_path / "muon", nn.Module(), first, 2)
    second = Muon([half], lr=0.1)
    assert load_state(tmp_path / "muon", nn.Module(), second) == 2
    run(2, second, half, start=2)
    torch.testing.assert_close(half, whole)
