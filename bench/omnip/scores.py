"""Scores of one concept: every metric as a list of scores in [0, 1], and the pictures made.

Knows what each metric counts. Does not know items, how methods learn, or how scores are averaged.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from PIL import Image

from omnipersona.bench.metrics.calibration import calibrated


@dataclass(frozen=True, slots=True)
class Made:
    """A picture that was made.

    Attributes:
        image: The picture.
        before: What an edit began with.
        steps: From what was asked to the picture, with their names.
    """

    image: Image.Image
    before: Image.Image | None = None
    steps: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Scores:
    """Scores of one concept by metric, and the pictures that were made by what was asked."""

    by_metric: dict[str, list[float]] = field(default_factory=dict)
    pictures: dict[str, Made] = field(default_factory=dict)

    def add(self, metric: str, score: float) -> None:
        """Note one score."""
        self.by_metric.setdefault(metric, []).append(float(score))

    def add_recognition(self, seen: bool | None, *, is_present: bool) -> None:
        """Note whether a concept was seen where it is or is not; None said neither."""
        self.add("recall" if is_present else "specificity", seen == is_present)
        self.add("unparsable", seen is None)

    def add_calibrated(self, certainties: Sequence[tuple[bool, float]]) -> None:
        """Note how well the certainties of a yes part where it is from where it is not."""
        for is_right in calibrated(certainties):
            self.add("rec, calibrated", is_right)


def noise_seed(concept: int, seed: int) -> int:
    """Return the first seed of a concept's pictures in one repetition."""
    return random.Random(f"pictures of {concept}, repetition {seed}").randrange(2**31)
