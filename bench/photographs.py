"""Real photographs, which nano must decline: squares cut out of the two that scikit-learn ships.

None of them is ever trained on.
"""

import random
from functools import lru_cache
from typing import Final

from PIL import Image
from sklearn.datasets import load_sample_image

_NAMES: Final = ("china.jpg", "flower.jpg")
_SMALLEST: Final = 0.3


@lru_cache(maxsize=len(_NAMES))
def _whole(name: str) -> Image.Image:
    return Image.fromarray(load_sample_image(name))


def photograph(rng: random.Random, size: int) -> Image.Image:
    """Return a random square of a photograph, mirrored or not, at `size` pixels a side."""
    image = _whole(rng.choice(_NAMES))
    side = rng.uniform(_SMALLEST, 1.0) * min(image.size)
    left, top = (rng.uniform(0, whole - side) for whole in image.size)
    square = image.resize(
        (size, size), Image.Resampling.BICUBIC, (left, top, left + side, top + side)
    )
    return square.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else square
