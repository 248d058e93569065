"""Likeness is the mean cosine with all photos, and the cosine with the prompt's text."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from omnipersona.bench.metrics.encoders import ClipEncoder, Rows
from omnipersona.bench.metrics.likeness import PhotoLikeness, prompt_likeness, prompt_with_kind


class Compass:
    """Points along the red level of a picture as an angle in degrees; texts name an angle."""

    def images(self, pictures: Sequence[Image.Image]) -> Rows:
        return self._pointing([float(np.array(one)[0, 0, 0]) for one in pictures])

    def texts(self, texts: Sequence[str]) -> Rows:
        return self._pointing([float(one.rsplit(" ", 1)[1]) for one in texts])

    def _pointing(self, degrees: list[float]) -> Rows:
        rows = [(math.cos(math.radians(one)), math.sin(math.radians(one))) for one in degrees]
        return np.array(rows, dtype=np.float32)


def _at(degrees: int) -> Image.Image:
    return Image.new("RGB", (8, 8), (degrees, 0, 0))


def test_a_picture_is_compared_with_every_photo() -> None:
    likeness = PhotoLikeness.to([_at(0), _at(60), _at(90)], Compass())
    assert likeness.score(_at(0)) == pytest.approx((1.0 + 0.5 + 0.0) / 3)
    assert likeness.score(_at(180)) == pytest.approx((-1.0 - 0.5 + 0.0) / 3, abs=1e-6)


def test_the_noun_stands_for_the_concept_in_the_prompt() -> None:
    assert prompt_with_kind("<c0> and <c1> near <c0>", "dog") == "dog and <c1> near dog"
    assert prompt_likeness(Compass(), _at(60), "turn <c0> to 0", "a dog") == pytest.approx(0.5)


def test_a_photo_is_most_like_itself_to_clip(clip_folder: Path) -> None:
    levels = np.random.default_rng(2).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    one, other = (Image.fromarray(level) for level in levels)
    likeness = PhotoLikeness.to([one], ClipEncoder.load(clip_folder))
    assert likeness.score(one) == pytest.approx(1.0, abs=1e-5)
    assert likeness.score(other) < 1.0


def test_without_photos_nothing_can_be_compared(clip_folder: Path) -> None:
    with pytest.raises(ValueError, match="Nothing was given"):
        PhotoLikeness.to([], ClipEncoder.load(clip_folder))
