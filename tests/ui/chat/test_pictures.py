"""Enlarging for display."""

import io

import pytest
from fakes import png
from PIL import Image

from omnipersona.ui.chat.pictures import data_url, enlarged


@pytest.mark.parametrize(
    ("size", "expected"), [((64, 64), (256, 256)), ((64, 32), (256, 128)), ((300, 10), (300, 10))]
)
def test_a_small_picture_grows_and_a_large_one_stays(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    with Image.open(io.BytesIO(enlarged(png("red", size), 256))) as picture:
        assert picture.size == expected
        assert picture.convert("RGB").getpixel((0, 0)) == (255, 0, 0)


def test_a_data_url_holds_the_picture() -> None:
    assert data_url(b"abc") == "data:image/png;base64,YWJj"
