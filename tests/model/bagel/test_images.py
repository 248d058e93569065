"""Picture bytes: what is read, what is refused, and the published resize rule."""

import contextlib
import io
import struct
import warnings
import zlib

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles.random_weights import noise, png
from PIL import Image

from omnipersona.model.bagel.config import ModelConfig, ResizeRule, TextConfig, VisionConfig, tiny
from omnipersona.model.bagel.images import (
    fitted_size,
    read_png,
    resized,
    to_image,
    to_patches,
    to_pixels,
    to_uint8,
    write_png,
)
from omnipersona.model.errors import ImageError, ImageSizeError

PUBLISHED = [
    ResizeRule(max_side=1024, min_side=512, stride=16),
    ResizeRule(max_side=980, min_side=224, stride=14),
    tiny().vae_resize,
]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _claims(width: int, height: int) -> bytes:
    """Return a small PNG that claims to be large."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    body = _chunk(b"IDAT", zlib.compress(b"\0" * 64))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + body + _chunk(b"IEND", b"")


def _pixel(image: Image.Image, at: tuple[int, int] = (0, 0)) -> object:
    return image.getpixel(at)


@pytest.mark.parametrize(
    ("mode", "colour", "seen"),
    [
        ("RGBA", (255, 0, 0, 0), (255, 255, 255)),
        ("RGBA", (255, 0, 0, 255), (255, 0, 0)),
        ("RGBA", (0, 0, 0, 128), (127, 127, 127)),
        ("LA", (0, 0), (255, 255, 255)),
        ("LA", (80, 255), (80, 80, 80)),
        ("L", 80, (80, 80, 80)),
        ("1", 1, (255, 255, 255)),
    ],
)
def test_transparent_places_become_white(mode: str, colour: object, seen: object) -> None:
    image = Image.new(mode, (4, 4), colour)  # type: ignore[arg-type]  # one colour per mode
    read = read_png(write_png(image))
    assert (read.mode, _pixel(read)) == ("RGB", seen)


def test_a_transparent_palette_colour_becomes_white() -> None:
    image = Image.new("P", (2, 1), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", transparency=0)
    read = read_png(buffer.getvalue())
    assert [_pixel(read, (x, 0)) for x in (0, 1)] == [(255, 255, 255), (0, 0, 255)]


def test_sixteen_bit_grey_is_scaled_not_clipped() -> None:
    image = Image.fromarray(np.array([[0, 0x8000, 0xFFFF]], dtype=np.uint16))
    read = read_png(write_png(image))
    assert [_pixel(read, (x, 0)) for x in range(3)] == [(v, v, v) for v in (0, 128, 255)]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_is_read_upright(orientation: int) -> None:
    turned = Image.new("RGB", (6, 3), "black")
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    turned.save(buffer, "PNG", exif=exif)
    assert read_png(buffer.getvalue()).size == ((6, 3) if orientation < 5 else (3, 6))


@pytest.mark.parametrize("cut", [0, 1, 8, 20, 40, 60, -13, -1])
def test_a_truncated_png_is_refused_or_whole(cut: int) -> None:
    whole = png()
    with contextlib.suppress(ImageError):
        assert read_png(whole[:cut]).size == (32, 32)


@pytest.mark.parametrize("format_name", ["JPEG", "GIF", "TIFF", "BMP", "WEBP"])
def test_other_formats_are_refused_whatever_their_name(format_name: str) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, format_name)
    with pytest.raises(ImageError, match="PNG"):
        read_png(buffer.getvalue())


@pytest.mark.parametrize("data", [b"", b"hello", b"<svg/>", b"\x89PNG\r\n\x1a\n", b"%!PS-Adobe"])
def test_bytes_that_are_no_picture_are_refused(data: bytes) -> None:
    with pytest.raises(ImageError):
        read_png(data)


@pytest.mark.parametrize("side", [8_001, 10_000, 50_000])
def test_a_bomb_is_refused_before_it_is_decoded(side: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ImageSizeError, match="smaller"):
            read_png(_claims(side, side))


@given(
    width=st.integers(1, 20_000),
    height=st.integers(1, 20_000),
    rule=st.sampled_from(PUBLISHED),
)
def test_fitted_sides_are_strides_within_the_limit(
    width: int, height: int, rule: ResizeRule
) -> None:
    size = fitted_size(width, height, rule)
    assert all(side % rule.stride == 0 and rule.stride <= side <= rule.max_side for side in size)
    assert fitted_size(height, width, rule) == size[::-1]


@given(side=st.sampled_from([16, 24, 32]), other=st.sampled_from([16, 24, 32]))
def test_a_picture_that_fits_is_left_alone(side: int, other: int) -> None:
    image = Image.new("RGB", (side, other))
    assert resized(image, tiny().vae_resize) is image


def test_pixels_round_trip_through_eight_bits_by_truncation() -> None:
    image = read_png(png())
    again = to_image(to_pixels(image) + 1e-6)
    assert np.abs(np.asarray(again, dtype=int) - np.asarray(image, dtype=int)).max() <= 1
    values = torch.tensor([-2.0, -1.0, 0.999, 1.0, 2.0])[None, None].expand(3, 1, 5)
    assert to_uint8(values)[0, :, 0].tolist() == [0, 0, 254, 255, 255]


def test_patches_put_the_channel_last_and_can_be_put_together_again() -> None:
    pixels = noise(1, 3, 12, 20)
    patches, ids = to_patches(pixels, 4, 7)
    assert ids.tolist() == [r * 7 + c for r in range(3) for c in range(5)]
    assert patches[6].tolist() == pixels[:, 4:8, 4:8].permute(1, 2, 0).flatten().tolist()
    cells = patches.reshape(3, 5, 4, 4, 3).permute(4, 0, 2, 1, 3).reshape(3, 12, 20)
    assert torch.equal(cells, pixels)


def test_a_picture_beyond_the_grid_is_refused_with_the_limit() -> None:
    with pytest.raises(ImageSizeError, match="at most 28"):
        to_patches(torch.zeros(3, 8, 32), 4, 7)


def test_the_published_rules_are_the_defaults() -> None:
    config = ModelConfig(
        text=TextConfig(vocab_size=8, hidden_size=8, intermediate_size=8, num_hidden_layers=1,
                        num_attention_heads=1, num_key_value_heads=1),
        vision=VisionConfig(hidden_size=8, intermediate_size=8, num_hidden_layers=2,
                            num_attention_heads=1, patch_size=14, image_size=980),
    )  # fmt: skip
    assert [config.vae_resize, config.vit_resize] == PUBLISHED[:2]
    assert (config.latent_width, config.latent_stride) == (64, 16)
