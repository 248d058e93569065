"""Intervals of 95 % around shares, statistics of items and means over concepts.

Shares over independent items have Wilson's interval, other statistics of them a bootstrap. Of
learned concepts, concepts are drawn anew with replacement, not items: items of one concept hang
together, and a claim is about concepts not seen. Knows numbers alone.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

NUM_DRAWS: Final = 10_000
_LEVEL: Final = 0.95
_BOUNDS: Final = ((1.0 - _LEVEL) / 2.0, (1.0 + _LEVEL) / 2.0)

Bounds = tuple[float, float]
Statistic = Callable[[npt.NDArray[np.float64]], np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """A mean over concepts.

    Attributes:
        value: Mean of the concepts' means.
        low, high: Bounds of the 95 % interval; the value itself where there is one concept.
        num_concepts: Concepts with at least one item.
        num_items: Items of all concepts.
    """

    value: float
    low: float
    high: float
    num_concepts: int
    num_items: int

    def excludes(self, value: float) -> bool:
        """Say whether `value` lies outside the interval, so that a difference is shown."""
        return not self.low <= value <= self.high


def wilson(hits: int, num_items: int) -> Bounds | None:
    """Return Wilson's interval of a share over independent items; None where there is none.

    Source: Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference".
    """
    if not num_items:
        return None
    from scipy import stats  # late: it takes a second to import, and most commands need none of it

    low, high = stats.binomtest(hits, num_items).proportion_ci(_LEVEL, method="wilson")
    return float(low), float(high)


def bootstrap(values: Sequence[float], statistic: Statistic, *, seed: int = 0) -> Bounds | None:
    """Return the percentile bootstrap interval of a statistic; None for fewer than two items.

    Args:
        values: One per item; items are independent.
        statistic: Of numbers along an axis, e.g. `numpy.median`.
        seed: Of the draws.
    """
    if len(values) < 2:
        return None
    from scipy import stats  # late, as above

    found = stats.bootstrap(
        (values,),
        statistic,
        n_resamples=NUM_DRAWS,
        confidence_level=_LEVEL,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)


def over_items(scores: Mapping[str, Sequence[float]], *, seed: int = 0) -> Interval:
    """Return the mean over items, then concepts, with its interval.

    Args:
        scores: One score per item, by concept; concepts without items are left out.
        seed: Of the draws.

    Raises: ValueError: there is no item, or a score is not finite.
    """
    kept = {concept: values for concept, values in scores.items() if len(values)}
    means = {concept: float(np.mean(values)) for concept, values in kept.items()}
    return over_concepts(means, seed=seed, num_items=sum(map(len, kept.values())))


def over_concepts(
    values: Mapping[str, float], *, seed: int = 0, num_items: int | None = None
) -> Interval:
    """Return the mean of one figure per concept, with its interval.

    Args:
        values: One figure per concept.
        seed: Of the draws.
        num_items: Items behind the figures, for the record; the number of concepts if not given.

    Raises: ValueError: there is no concept, or a figure is not finite.
    """
    figures = _figures(values)
    value = float(np.mean(figures))
    low, high = bootstrap(figures, np.mean, seed=seed) or (value, value)
    return Interval(
        value=value,
        low=low,
        high=high,
        num_concepts=len(figures),
        num_items=len(figures) if num_items is None else num_items,
    )


def over_pairs(scores: Mapping[tuple[str, str], Sequence[float]], *, seed: int = 0) -> Interval:
    """Return the mean over items, then pairs of concepts, with its interval.

    Concepts are drawn anew, and a pair weighs the product of how often its two were drawn: pairs
    that share a concept hang together. Draws without any pair are left out. Source: Snijders and
    Borgatti 1999, "Non-Parametric Standard Errors and Tests for Network Statistics".

    Args:
        scores: One score per item, by pair of two different concepts.
        seed: Of the draws.

    Raises: ValueError: there is no item, or a score is not finite.
    """
    kept = {pair: values for pair, values in sorted(scores.items()) if len(values)}
    means = np.array(_figures({" and ".join(pair): float(np.mean(kept[pair])) for pair in kept}))
    concepts = sorted({concept for pair in kept for concept in pair})
    places = np.array([[concepts.index(concept) for concept in pair] for pair in kept])
    evenly = np.full(len(concepts), 1.0 / len(concepts))
    # Ours: `scipy.stats.bootstrap` draws what is averaged, and here concepts are drawn, not pairs.
    drawn = np.random.default_rng(seed).multinomial(len(concepts), evenly, size=NUM_DRAWS)
    weights = drawn[:, places[:, 0]] * drawn[:, places[:, 1]]
    weights = weights[weights.sum(axis=1) > 0]
    low, high = np.quantile(weights @ means / weights.sum(axis=1), _BOUNDS)
    return Interval(
        value=float(means.mean()),
        low=float(low),
        high=float(high),
        num_concepts=len(concepts),
        num_items=sum(map(len, kept.values())),
    )


def difference(
    ours: Mapping[str, float], theirs: Mapping[str, float], *, seed: int = 0
) -> Interval:
    """Return the mean of `ours - theirs` over the same concepts, with its interval.

    Raises: ValueError: the concepts differ, there are none, or a figure is not finite.
    """
    if ours.keys() != theirs.keys():
        alone = sorted(ours.keys() ^ theirs.keys())
        raise ValueError(
            f"Only one of the two methods has a figure for {', '.join(alone)}; "
            "compare methods on the same concepts."
        )
    return over_concepts({one: ours[one] - theirs[one] for one in ours}, seed=seed)


def _figures(values: Mapping[str, float]) -> list[float]:
    if not values:
        raise ValueError("There is no concept with items; an interval needs one at least.")
    for concept, value in values.items():
        if not math.isfinite(value):
            raise ValueError(f"The figure of '{concept}' is {value}; it must be a finite number.")
    # Sorted, so that the draws do not depend on the order in which concepts were measured.
    return [values[concept] for concept in sorted(values)]
