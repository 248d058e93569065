"""What a network's output says of the velocity."""

import pytest
import torch

from omnipersona.model.bagel.flow.matching import as_velocity, noised, target_velocity


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("t", [0.001, 0.1, 0.35, 0.5, 0.8, 1.0])
def test_a_preconditioned_prediction_that_is_right_is_the_velocity(t: float) -> None:
    x_0, noise = torch.randn(2, 5, 7)
    time = torch.full((5, 1), t)
    x_t = noised(x_0, noise, time)
    at_zero = as_velocity(torch.zeros_like(x_0), x_t, time, "preconditioned")
    per_output = as_velocity(torch.ones_like(x_0), x_t, time, "preconditioned") - at_zero
    right = (target_velocity(x_0, noise) - at_zero) / per_output
    found = as_velocity(right, x_t, time, "preconditioned")
    torch.testing.assert_close(found, target_velocity(x_0, noise), atol=1e-3, rtol=1e-3)
    # The output has the latents' variance in the mean.
    assert 0.4 < float(right.square().mean()) < 2.5


def test_a_preconditioned_prediction_matters_the_less_the_cleaner_the_picture() -> None:
    x_t = torch.randn(5, 7)
    moved = []
    for t in (0.01, 0.1, 0.3, 1.0):
        time = torch.full((5, 1), t)
        clean = [
            x_t - t * as_velocity(torch.full_like(x_t, output), x_t, time, "preconditioned")
            for output in (0.0, 1.0)
        ]
        moved.append(float((clean[1] - clean[0]).abs().mean()))
    assert moved == sorted(moved)
    assert moved[0] < 0.02
    assert moved[-1] == pytest.approx(1.0)
