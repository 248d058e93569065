"""Decisions from certainties, each by the threshold that parts all other items best.

A model may know who is in a picture and still say yes too often; its words show both at once, its
certainties at a fair threshold only the first.
"""

from collections.abc import Sequence
from itertools import pairwise


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
    gaps = pairwise(sorted({0.0, *(sure for _, sure in items), 1.0}))
    low, high = max(gaps, key=lambda gap: (_balanced(items, sum(gap) / 2), gap[1] - gap[0]))
    return (low + high) / 2


def _balanced(items: Sequence[tuple[bool, float]], threshold: float) -> float:
    """Return the balanced accuracy, over the sides that there are."""
    from sklearn.metrics import recall_score  # late: it takes a second to import

    if not items:
        return 0.0
    truths, said = zip(*((truth, sure > threshold) for truth, sure in items), strict=True)
    return float(recall_score(truths, said, labels=sorted({*truths}), average="macro"))
