"""Pictures for encoders: sizes, crops and values, and the repeated fault."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from omnipersona.bench.metrics.pixels import clip_pixels, dino_pixels

CLIP_MEAN = torch.tensor((0.48145466, 0.4578275, 0.40821073)).view(3, 1, 1)
CLIP_STD = torch.tensor((0.26862954, 0.26130258, 0.27577711)).view(3, 1, 1)
IMAGENET_MEAN = torch.tensor((0.485, 0.456, 0.406)).view(3, 1, 1)
IMAGENET_STD = torch.tensor((0.229, 0.224, 0.225)).view(3, 1, 1)


def _noise(width: int, height: int) -> Image.Image:
    levels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(levels)


def _values(picture: Image.Image) -> Tensor:
    return torch.tensor(np.asarray(picture, dtype=np.float32) / 255.0).permute(2, 0, 1)


def _levels(pixels: Tensor) -> Tensor:
    return pixels * CLIP_STD + CLIP_MEAN


@pytest.mark.parametrize(
    ("size", "resized", "corner"),
    [
        ((50, 40), (40, 32), (4, 0)),
        ((40, 50), (32, 40), (0, 4)),
        ((32, 32), (32, 32), (0, 0)),
        ((20, 31), (32, 49), (0, 8)),
    ],
)
def test_clips_pixels_follow_their_definition(
    size: tuple[int, int], resized: tuple[int, int], corner: tuple[int, int]
) -> None:
    picture, (left, top) = _noise(*size), corner
    small = picture.resize(resized, Image.Resampling.BICUBIC)
    values = _values(small.crop((left, top, left + 32, top + 32)))
    [found] = clip_pixels([picture], 32)
    torch.testing.assert_close(found, (values - CLIP_MEAN) / CLIP_STD, atol=1e-5, rtol=0)


def test_dino_sees_the_middle_of_a_larger_picture() -> None:
    picture = _noise(64, 64)
    middle = _values(picture.crop((4, 4, 60, 60)))
    [found] = dino_pixels([picture], 56)
    expected = (middle - IMAGENET_MEAN) / IMAGENET_STD
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_the_middle_is_cut_out() -> None:
    picture = Image.new("RGB", (96, 32), "red")
    picture.paste("blue", (32, 0, 64, 32))
    assert (_levels(clip_pixels([picture], 32)[0])[2] > 0.9).all()


@pytest.mark.parametrize("mode", ["L", "RGBA", "P"])
def test_colours_of_any_mode_are_read(mode: str) -> None:
    picture = Image.new("RGB", (32, 32), "white").convert(mode)
    levels = _levels(clip_pixels([picture], 32)[0])
    torch.testing.assert_close(levels, torch.ones(3, 32, 32), atol=1e-5, rtol=0)


def test_compat_squeezes_values_into_the_upper_half() -> None:
    for colour, level in (("black", 0.5), ("white", 1.0), ((51, 51, 51), 0.6)):
        picture = Image.new("RGB", (40, 40), colour)
        levels = _levels(clip_pixels([picture], 32, "unictokens_compat")[0])
        torch.testing.assert_close(levels, torch.full((3, 32, 32), level), atol=1e-5, rtol=0)


def test_compat_differs_by_the_squeeze_alone_where_nothing_is_resized() -> None:
    pictures = [_noise(512, 512)]
    squeezed = (_levels(clip_pixels(pictures, 512)) + 1.0) / 2.0
    compat = _levels(clip_pixels(pictures, 512, "unictokens_compat"))
    torch.testing.assert_close(compat, squeezed, atol=1e-5, rtol=0)
