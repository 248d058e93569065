"""Intervals of shares, statistics and concepts, the same for the same seed."""

import math

import numpy as np
import pytest

from omnipersona.bench.metrics.intervals import (
    bootstrap,
    difference,
    over_concepts,
    over_items,
    over_pairs,
    wilson,
)


def test_concepts_weigh_the_same_however_many_items_they_have() -> None:
    interval = over_items({"bo": [1.0, 1.0, 1.0, 0.0], "mam": [0.0], "rex": []})
    assert interval.value == pytest.approx((0.75 + 0.0) / 2)
    assert (interval.num_concepts, interval.num_items) == (2, 5)


def test_two_concepts_are_drawn_four_ways() -> None:
    # Means of the four equally likely draws: 0, 0.5, 0.5, 1, so both ends hold a quarter.
    interval = over_concepts({"bo": 0.0, "mam": 1.0})
    assert (interval.low, interval.value, interval.high) == (0.0, 0.5, 1.0)


def test_many_concepts_come_near_the_normal_interval() -> None:
    figures = np.random.default_rng(3).normal(0.5, 0.1, 400)
    interval = over_concepts({str(i): float(one) for i, one in enumerate(figures)})
    error = 1.96 * figures.std() / math.sqrt(len(figures))
    assert interval.low == pytest.approx(figures.mean() - error, abs=0.001)
    assert interval.high == pytest.approx(figures.mean() + error, abs=0.001)


def test_the_same_seed_gives_the_same_interval_in_any_order() -> None:
    figures = {"bo": 0.2, "mam": 0.9, "rex": 0.4, "tom": 0.7}
    backwards = dict(reversed(figures.items()))
    assert over_concepts(figures, seed=5) == over_concepts(backwards, seed=5)


def test_one_concept_has_no_spread() -> None:
    interval = over_items({"bo": [0.0, 1.0]})
    assert interval.low == interval.value == interval.high == 0.5


def test_a_difference_is_taken_concept_by_concept() -> None:
    ours = {"bo": 0.9, "mam": 0.3, "rex": 0.6}
    theirs = {"bo": 0.8, "mam": 0.2, "rex": 0.5}
    gap = difference(ours, theirs)
    assert gap.value == pytest.approx(0.1)
    assert gap.excludes(0.0)
    assert not difference(ours, ours).excludes(0.0)
    with pytest.raises(ValueError, match="tom"):
        difference(ours, {**theirs, "tom": 1.0})


def test_nothing_and_no_number_are_refused() -> None:
    with pytest.raises(ValueError, match="no concept"):
        over_items({"bo": []})
    with pytest.raises(ValueError, match="'bo' is nan"):
        over_items({"bo": [math.nan]})


def test_a_share_has_wilsons_interval() -> None:
    z = 1.959964
    for hits, count in ((80, 100), (0, 10), (7, 7)):
        share = hits / count
        middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
        half = z / (1 + z**2 / count)
        half *= math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
        assert wilson(hits, count) == pytest.approx((middle - half, middle + half), abs=1e-6)
    assert wilson(0, 0) is None


def test_a_mean_of_many_items_comes_near_the_normal_interval() -> None:
    values = np.random.default_rng(4).normal(30.0, 3.0, 400)
    error = 1.96 * values.std() / math.sqrt(len(values))
    bounds = bootstrap(values.tolist(), np.mean)
    assert bounds == pytest.approx((values.mean() - error, values.mean() + error), abs=0.03)
    assert bootstrap(values.tolist(), np.mean) == bounds
    assert bootstrap([1.0], np.median) is None


def test_pairs_that_share_a_concept_hang_together() -> None:
    # One of twelve spoils every pair that it is in.
    names = [f"c{i:02}" for i in range(12)]
    pairs = [(one, other) for i, one in enumerate(names) for other in names[i + 1 :]]
    scores = {pair: [0.0 if "c05" in pair else 1.0] * 2 for pair in pairs}
    found = over_pairs(scores)
    alone = over_items({" ".join(pair): values for pair, values in scores.items()})
    assert found.value == pytest.approx(alone.value) == pytest.approx(55 / 66)
    assert (found.num_concepts, found.num_items) == (12, 132)
    assert found.low < alone.low
    assert over_pairs(dict(reversed(scores.items()))) == found


def test_a_pair_without_items_is_left_out_and_nothing_is_refused() -> None:
    found = over_pairs({("bo", "mam"): [1.0, 0.0], ("bo", "rex"): []})
    assert (found.low, found.value, found.high) == (0.5, 0.5, 0.5)
    with pytest.raises(ValueError, match="no concept"):
        over_pairs({("bo", "mam"): []})
