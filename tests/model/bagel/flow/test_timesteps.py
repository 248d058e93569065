"""Times fall from one to zero; the shift moves them towards noise."""

import pytest
import torch
from oracles.plain_turns import times

from omnipersona.model.bagel.flow.matching import sampled_times, spread_times, timesteps


@pytest.mark.parametrize("num_steps", [1, 2, 6, 49])
@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_times_are_the_published_grid(num_steps: int, shift: float) -> None:
    ours = timesteps(num_steps, shift)
    torch.testing.assert_close(ours, torch.tensor(times(num_steps + 1, shift)), atol=1e-6, rtol=0)
    assert (float(ours[0]), float(ours[-1])) == (1.0, 0.0)
    assert bool((ours.diff() < 0).all())


def test_a_shift_spends_more_steps_near_noise() -> None:
    assert bool((timesteps(8, 3.0)[1:-1] > timesteps(8, 1.0)[1:-1]).all())


def test_at_least_one_step_is_needed() -> None:
    with pytest.raises(ValueError, match="num_steps is 0"):
        timesteps(0, 3.0)


def test_training_times_lie_strictly_between_picture_and_noise() -> None:
    t = sampled_times(torch.linspace(-8.0, 8.0, 33), 3.0)
    assert float(t.min()) > 0.0
    assert float(t.max()) < 1.0
    assert bool((t.diff() > 0).all())


def test_spread_times_take_one_from_each_equally_likely_span() -> None:
    count = 16
    t = spread_times(count, 3.0, torch.Generator().manual_seed(4))
    raw = (t / (3.0 - 2.0 * t)).logit()
    spans = (torch.special.ndtr(raw) * count).floor().long()
    assert spans.sort().values.tolist() == list(range(count))
    assert spans.tolist() != list(range(count))


def test_no_spread_time_is_a_clean_picture_or_pure_noise() -> None:
    t = torch.cat([spread_times(1, 3.0, torch.Generator().manual_seed(i)) for i in range(200)])
    assert 0.0 < float(t.min()) < float(t.max()) < 1.0
