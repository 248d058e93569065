"""Certainties are judged by a threshold that the item itself had no part in."""

import pytest

from omnipersona.bench.metrics.calibration import calibrated


def test_a_model_that_always_says_yes_can_still_know() -> None:
    items = [(True, 0.99), (True, 0.98), (True, 0.97), (False, 0.7), (False, 0.6), (False, 0.65)]
    assert calibrated(items) == [True] * 6


def test_a_model_that_knows_nothing_is_not_helped() -> None:
    items = [(index % 2 == 0, 0.5) for index in range(10)]
    assert sum(calibrated(items)) <= 5


def test_the_odd_one_out_is_wrong() -> None:
    items = [(True, 0.9), (True, 0.8), (True, 0.1), (False, 0.2), (False, 0.3), (False, 0.15)]
    assert calibrated(items) == [True, True, False, True, True, True]


@pytest.mark.parametrize("items", [[], [(True, 0.5)], [(False, 1.0)], [(True, 0.4), (True, 0.2)]])
def test_few_items_do_no_harm(items: list[tuple[bool, float]]) -> None:
    assert len(calibrated(items)) == len(items)
