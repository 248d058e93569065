"""Pictures that are not of nano's world, for learning to say so.

Noise, gradients, blots, grids, clouds, and two that are coarse and fine in the proportions of
photographs: overlapping leaves (Lee et al. 2001, "Occlusion Models for Natural Images") and noise
whose waves weaken with their frequency (Field 1987).
"""

import random

import numpy as np
from PIL import Image, ImageFilter

_SMALL = 4


def foreign_picture(rng: random.Random, size: int) -> Image.Image:
    """Return a random picture that no scene could have made."""
    generator = np.random.default_rng(rng.getrandbits(32))
    maker = rng.choice((_noise, _gradient, _blots, _grid, _clouds, _leaves, _pink))
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


def _leaves(generator: np.random.Generator, size: int) -> np.ndarray:
    """Cover a picture with shaded shapes, many small ones and few large ones."""
    rows, columns = np.mgrid[:size, :size]
    palette = generator.normal(128, 60, (int(generator.integers(3, 8)), 3))
    array = np.full((size, size, 3), palette[0])
    for _ in range(int(generator.integers(20, 120))):
        y, x, angle, slope = generator.uniform((0, 0, 0, -3), (size, size, np.pi, 3))
        radius = 0.5 * size * generator.uniform(0.05, 1.0) ** 2.5 + 1.0
        along = (rows - y) * np.cos(angle) + (columns - x) * np.sin(angle)
        across = (columns - x) * np.cos(angle) - (rows - y) * np.sin(angle)
        inside = along**2 + (across * generator.uniform(1, 4)) ** 2 < radius**2
        color = palette[generator.integers(len(palette))] + generator.normal(0, 12, 3)
        array[inside] = color + slope * along[inside, None]
    return array + generator.normal(0, generator.uniform(0, 12), array.shape)


def _pink(generator: np.random.Generator, size: int) -> np.ndarray:
    """Return noise whose amplitudes fall with frequency, in correlated colours."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size))
    frequency[0, 0] = np.inf
    waves = np.fft.rfft2(generator.normal(0, 1, (3, size, size)))
    fields = np.fft.irfft2(waves / frequency ** generator.uniform(0.8, 1.8), (size, size))
    fields /= fields.std((1, 2), keepdims=True)
    mix = np.eye(3) * generator.uniform(0, 1) + generator.uniform(-0.3, 1, (3, 1))
    fields = np.tensordot(mix, fields, 1)
    contrast = generator.uniform(25, 70) / fields.std()
    return 128 + generator.normal(0, 40, 3) + contrast * fields.transpose(1, 2, 0)
