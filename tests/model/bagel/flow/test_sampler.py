"""A straight path is walked exactly; steps that cannot be taken are refused."""

import pytest
import torch
from oracles.random_weights import noise

from omnipersona.model.bagel.flow.edit_mask import EditMask, moved_by, opened
from omnipersona.model.bagel.flow.matching import noised, target_velocity, timesteps
from omnipersona.model.bagel.flow.sampling import euler_step, sample


@pytest.mark.parametrize("num_steps", [1, 3, 50])
def test_a_straight_path_lands_on_the_picture(num_steps: int) -> None:
    x_0, start = noise(1, 6, 16), noise(2, 6, 16)
    steps = list(
        sample(start, timesteps(num_steps, 3.0), lambda _, __: target_velocity(x_0, start))
    )
    assert len(steps) == num_steps
    torch.testing.assert_close(steps[-1][0], x_0, atol=1e-5, rtol=0)
    for _, towards in steps:
        torch.testing.assert_close(towards, x_0, atol=1e-5, rtol=0)


def test_every_state_of_a_straight_walk_lies_on_the_path() -> None:
    x_0, start, times = noise(1, 6, 16), noise(2, 6, 16), timesteps(7, 3.0)
    steps = sample(start, times, lambda _, __: target_velocity(x_0, start))
    for t, (x_t, _) in zip(times[1:], steps, strict=True):
        torch.testing.assert_close(x_t, noised(x_0, start, t), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("t", "t_next"), [(0.5, 0.5), (0.2, 0.6)])
def test_time_must_fall(t: float, t_next: float) -> None:
    with pytest.raises(ValueError, match="must fall"):
        euler_step(torch.zeros(2, 2), torch.zeros(2, 2), t, t_next)


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match=r"\(2, 2\).*\(2, 3\)"):
        euler_step(torch.zeros(2, 2), torch.zeros(2, 3), 1.0, 0.5)


def test_outside_of_the_region_the_source_stays_on_its_own_path() -> None:
    source, wanted, start = noise(1, 6, 16), noise(2, 6, 16), noise(3, 6, 16)
    is_open = torch.tensor([True, False, True, False, False, True])
    region = EditMask(source, is_open)

    def velocity(x_t: torch.Tensor, t: float) -> torch.Tensor:
        torch.testing.assert_close(x_t[~is_open], ((1.0 - t) * source + t * start)[~is_open])
        return target_velocity(wanted, start)

    *_, (last, towards) = sample(start, timesteps(6, 3.0), velocity, region)
    expected = torch.where(is_open[:, None], wanted, source)
    torch.testing.assert_close(last, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(towards, expected, atol=1e-5, rtol=0)


def test_fresh_noise_changes_the_way_and_not_the_picture() -> None:
    x_0, times = noise(1, 6, 16), timesteps(7, 3.0)
    noises = [noise(seed, 6, 16) for seed in range(2, 10)]
    used = iter(noises)
    now = next(used)

    def renew(left: torch.Tensor) -> torch.Tensor:
        nonlocal now
        torch.testing.assert_close(left, now, atol=1e-4, rtol=0)
        now = next(used)
        return now

    def velocity(x_t: torch.Tensor, t: float) -> torch.Tensor:
        torch.testing.assert_close(x_t, noised(x_0, now, t), atol=1e-4, rtol=0)
        return target_velocity(x_0, now)

    *_, (last, towards) = sample(now, times, velocity, renew=renew)
    assert now is noises[-1]
    torch.testing.assert_close(last, x_0, atol=1e-5, rtol=0)
    torch.testing.assert_close(towards, x_0, atol=1e-5, rtol=0)


def test_a_region_is_what_the_text_moves_most() -> None:
    v, v_text = torch.zeros(3, 4), torch.zeros(3, 4)
    v[1], v[2] = 1.0, 0.1
    moved = moved_by(v, v_text, 0.5)
    torch.testing.assert_close(moved, torch.tensor([0.0, 0.25, 0.0025]))
    assert opened(moved, 0.05).tolist() == [False, True, False]
    assert opened(moved, 0.001).tolist() == [False, True, True]
    assert opened(moved, 5.0).tolist() == [False, True, False]
