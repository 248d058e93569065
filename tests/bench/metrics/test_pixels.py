"""Pictures for encoders: sizes, crops and values, and the repeated fault."""

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import CLIPImageProcessorPil

from omnipersona.bench.metrics.pixels import CLIP_MEAN, CLIP_STD, PixelRule

PLAIN = PixelRule(resize=32, crop=32, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))


def _noise(width: int, height: int) -> Image.Image:
    levels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(levels)


@pytest.mark.parametrize("size", [(50, 40), (40, 50), (32, 32), (20, 31)])
def test_correct_pixels_are_those_of_the_reference_library(size: tuple[int, int]) -> None:
    rule = PixelRule(resize=32, crop=32, mean=CLIP_MEAN, std=CLIP_STD)
    reference = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=32)
    picture = _noise(*size)
    theirs = torch.as_tensor(reference(picture, return_tensors="pt")["pixel_values"][0])
    torch.testing.assert_close(rule.pixels(picture), theirs, atol=1e-5, rtol=0)


def test_the_middle_is_cut_out() -> None:
    picture = Image.new("RGB", (96, 32), "red")
    picture.paste("blue", (32, 0, 64, 32))
    assert (PLAIN.pixels(picture)[2] > 0.9).all()


def test_compat_squeezes_values_into_the_upper_half() -> None:
    for colour, level in (("black", 0.5), ("white", 1.0), ((51, 51, 51), 0.6)):
        picture = Image.new("RGB", (40, 40), colour)
        values = PLAIN.pixels(picture, "unictokens_compat")
        assert values.shape == (3, 32, 32)
        torch.testing.assert_close(values, torch.full_like(values, level))


def test_compat_differs_by_the_squeeze_alone_where_nothing_is_resized() -> None:
    rule = PixelRule(resize=512, crop=512, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    picture = _noise(512, 512)
    squeezed = (rule.pixels(picture) + 1.0) / 2.0
    torch.testing.assert_close(rule.pixels(picture, "unictokens_compat"), squeezed)


def test_values_are_normalised_by_channel() -> None:
    rule = PixelRule(resize=8, crop=8, mean=(0.5, 0.0, 0.25), std=(0.5, 1.0, 0.25))
    values = rule.pixels(Image.new("RGB", (8, 8), "white"))
    assert values[:, 3, 3].tolist() == [1.0, 1.0, 3.0]
