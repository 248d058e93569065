"""Decisions from certainties, each by the threshold that parts all other items best.

A model may know who is in a picture and still say yes too often; its words show both at once, its
certainties at a fair threshold only the first.
"""

from collections.abc import Sequence


def calibrated(items: Sequence[tuple[bool, float]]) -> list[bool]:
    """Return for each item whether it is decided rightly by the others' best threshold.

    Args:
        items: Truth, and the certainty of yes.
    """
    return [
        (sure > _threshold([*items[:i], *items[i + 1 :]])) == truth
        for i, (truth, sure) in enumerate(items)
    ]


def _threshold(items: Sequence[tuple[bool, float]]) -> float:
    """Return the middle of the widest gap among those that part yes and no best."""
    sides = sorted({0.0, *(sure for _, sure in items), 1.0})
    gaps = list(zip(sides, sides[1:], strict=False)) or [(0.0, 1.0)]
    low, high = max(gaps, key=lambda gap: (_balanced(items, sum(gap) / 2), gap[1] - gap[0]))
    return (low + high) / 2


def _balanced(items: Sequence[tuple[bool, float]], threshold: float) -> float:
    yes = [sure > threshold for truth, sure in items if truth]
    no = [sure <= threshold for truth, sure in items if not truth]
    return sum(sum(side) / len(side) for side in (yes, no) if side)
