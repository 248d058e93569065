"""Pictures that are not of nano's world, for learning to say so: noise, gradients, blots, grids."""

import random

import numpy as np
from PIL import Image, ImageFilter

_SMALL = 4


def foreign_picture(rng: random.Random, size: int) -> Image.Image:
    """Return a random picture that no scene could have made."""
    generator = np.random.default_rng(rng.getrandbits(32))
    maker = rng.choice((_noise, _gradient, _blots, _grid, _clouds))
    array = maker(generator, size)
    image = Image.fromarray(array.clip(0, 255).astype(np.uint8))
    return image.filter(ImageFilter.GaussianBlur(rng.choice((0, 0, 1, 2))))


def _noise(generator: np.random.Generator, size: int) -> np.ndarray:
    return generator.normal(128, generator.uniform(15, 90), (size, size, 3))


def _gradient(generator: np.random.Generator, size: int) -> np.ndarray:
    start, across, down = generator.uniform(-1, 1, (3, 3)) * 120
    steps = np.linspace(0, 1, size)
    return 128 + start + across * steps[None, :, None] + down * steps[:, None, None]


def _blots(generator: np.random.Generator, size: int) -> np.ndarray:
    array = np.full((size, size, 3), generator.uniform(0, 255, 3))
    rows, columns = np.mgrid[:size, :size]
    for _ in range(int(generator.integers(3, 12))):
        y, x, radius = generator.uniform(0, size, 2).tolist() + [generator.uniform(3, size / 3)]
        inside = (rows - y) ** 2 + (columns - x) ** 2 < radius**2
        array[inside] = generator.uniform(0, 255, 3)
    return array


def _grid(generator: np.random.Generator, size: int) -> np.ndarray:
    cell = int(generator.integers(3, size // 3))
    rows, columns = np.mgrid[:size, :size] // cell
    colors = generator.uniform(0, 255, (2, 3))
    return colors[(rows + columns * int(generator.integers(0, 2))) % 2]


def _clouds(generator: np.random.Generator, size: int) -> np.ndarray:
    small = generator.uniform(0, 255, (_SMALL, _SMALL, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(small).resize((size, size), Image.Resampling.BICUBIC)).astype(
        np.float64
    )
