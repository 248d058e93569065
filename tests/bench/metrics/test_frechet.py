"""The distance of two normal distributions, and how sure it is."""

import numpy as np
import pytest

from omnipersona.bench.metrics.frechet import frechet_distance, frechet_interval


@pytest.fixture
def features() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(400, 6))


def test_the_same_pictures_are_no_distance_apart(features: np.ndarray) -> None:
    assert frechet_distance(features, features) == pytest.approx(0.0, abs=1e-9)
    assert frechet_interval(features, features) == pytest.approx((0.0, 0.0), abs=1e-9)


def test_a_shift_counts_by_its_square_and_a_stretch_by_its_spread(features: np.ndarray) -> None:
    shift = np.array([3.0, 4.0, 0.0, 0.0, 0.0, 0.0])
    assert frechet_distance(features + shift, features) == pytest.approx(25.0)
    # The root of a stretched covariance is twice as large: (2 - 1) squared, times each variance.
    spread = float(np.trace(np.cov(features, rowvar=False, bias=True)))
    centred = features - features.mean(axis=0)
    assert frechet_distance(2.0 * centred, centred) == pytest.approx(spread)


@pytest.mark.parametrize("count", [4, 6, 400], ids="{} pictures of 6 features".format)
def test_it_is_the_distance_by_the_root_of_the_product(features: np.ndarray, count: int) -> None:
    true = features[:count]
    made = true @ np.random.default_rng(1).normal(size=(6, 6)) + 0.5
    first, second = (np.cov(one, rowvar=False, bias=True) for one in (made, true))
    # Of a product of covariances, the root's trace is the sum of its eigenvalues' roots.
    roots = np.sqrt(np.linalg.eigvals(first @ second).real.clip(0.0)).sum()
    gap = made.mean(axis=0) - true.mean(axis=0)
    expected = gap @ gap + np.trace(first) + np.trace(second) - 2.0 * roots
    assert frechet_distance(made, true) == pytest.approx(expected, abs=1e-5)


def test_it_is_the_same_both_ways(features: np.ndarray) -> None:
    other = features @ np.random.default_rng(1).normal(size=(6, 6))
    there, back = frechet_distance(features, other), frechet_distance(other, features)
    assert there == pytest.approx(back)


def test_the_interval_holds_the_value_and_narrows_with_pictures(features: np.ndarray) -> None:
    soft = 0.8 * features + np.random.default_rng(2).normal(scale=0.2, size=features.shape)
    widths = []
    for count in (50, 400):
        bounds = frechet_interval(soft[:count], features[:count])
        assert bounds is not None
        assert bounds[0] <= frechet_distance(soft[:count], features[:count]) <= bounds[1]
        assert frechet_interval(soft[:count], features[:count]) == bounds
        widths.append(bounds[1] - bounds[0])
    assert widths[1] < widths[0]


def test_one_picture_has_no_interval(features: np.ndarray) -> None:
    assert frechet_interval(features[:1], features[:1]) is None
