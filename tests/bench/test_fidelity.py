import random

import numpy as np
import pytest
from PIL import Image

from omnipersona.bench.fidelity import psnr, similarity, unchanged_region
from omnipersona.training.world.render import render
from omnipersona.training.world.scene import (
    sample_identity,
    sample_scene,
    without_figure,
)


def test_equal_pictures_are_as_close_as_eight_bits_can_tell() -> None:
    image = Image.new("RGB", (8, 8), (10, 20, 30))
    assert psnr(image, image) == 60.0


def test_psnr_follows_its_definition() -> None:
    black, gray = Image.new("RGB", (8, 8)), Image.new("RGB", (8, 8), (51, 51, 51))
    assert psnr(gray, black) == pytest.approx(20 * np.log10(255 / 51))


def test_only_the_region_asked_for_counts() -> None:
    left, both = Image.new("RGB", (8, 8)), Image.new("RGB", (8, 8))
    left.paste((200, 0, 0), (0, 0, 4, 8))
    right_half = np.zeros((8, 8), dtype=np.bool_)
    right_half[:, 4:] = True
    assert psnr(left, both, right_half) == 60.0
    assert psnr(left, both) < 20.0


def test_similarity_follows_its_definition() -> None:
    black, gray = Image.new("RGB", (9, 9)), Image.new("RGB", (9, 9), (51, 51, 51))
    small = (0.01 * 255) ** 2
    assert similarity(gray, gray) == pytest.approx(1.0)
    assert similarity(gray, black) == pytest.approx(small / (51**2 + small))


def test_similarity_counts_the_windows_asked_for() -> None:
    left, both = Image.new("RGB", (16, 8)), Image.new("RGB", (16, 8))
    left.paste((200, 200, 200), (0, 0, 4, 8))
    far = np.zeros((8, 16), dtype=np.bool_)
    far[:, 7:] = True
    assert similarity(left, both, far) == pytest.approx(1.0)
    far[:, 6] = True
    assert similarity(left, both) < similarity(left, both, far) < 0.999


def test_the_unchanged_region_holds_no_changed_pixel() -> None:
    rng = random.Random(5)
    for _ in range(10):
        scene = sample_scene(rng, [sample_identity(rng)])
        source, target = render(scene), render(without_figure(scene, 0))
        where = unchanged_region(source, target)
        assert where is not None
        assert not where.all()
        assert psnr(source, target, where) == 60.0


def test_a_wholly_new_picture_has_no_unchanged_region() -> None:
    black, white = Image.new("RGB", (16, 16)), Image.new("RGB", (16, 16), "white")
    assert unchanged_region(black, white) is None
