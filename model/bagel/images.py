"""PNG bytes to model pixels and back; the published resize rule.

Knows Pillow and sizes. Does not know patches or tokens beyond their stride.
"""

import io
import warnings

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from omnipersona.model.bagel.config import ResizeRule
from omnipersona.model.errors import ImageError, ImageSizeError

_MAX_PIXELS = 64_000_000


def read_png(data: bytes) -> Image.Image:
    """Decode a PNG to upright RGB; transparent places become white.

    Raises:
        ImageError: The bytes are no whole PNG.
        ImageSizeError: The picture has more than 64 million pixels.
    """
    try:
        with _opened(data) as opened:
            if opened.width * opened.height > _MAX_PIXELS:
                raise ImageSizeError(
                    f"The picture is {opened.width} x {opened.height}; at most "
                    f"{_MAX_PIXELS // 10**6} million pixels can be read. Make it smaller."
                )
            return _on_white(ImageOps.exif_transpose(opened))
    except Image.DecompressionBombError as error:
        raise ImageSizeError(f"The picture is too large ({error}). Make it smaller.") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise ImageError(
            f"The picture cannot be read ({error}). Save it as PNG and send it again."
        ) from error


def _opened(data: bytes) -> Image.Image:
    with warnings.catch_warnings():
        # Pillow warns of large pictures; the caller refuses them itself.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(io.BytesIO(data), formats=("PNG",))


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # Pillow would clip 16-bit grey at 255 instead of scaling it.
        image = Image.fromarray((np.asarray(image, dtype=np.uint32) >> 8).astype(np.uint8))
    has_alpha = image.mode in ("RGBA", "LA") or "transparency" in image.info
    if not has_alpha:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    white = Image.new("RGB", layered.size, "white")
    white.paste(layered, mask=layered.getchannel("A"))
    return white


def write_png(image: Image.Image) -> bytes:
    """Encode a picture as PNG bytes."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def fitted_size(width: int, height: int, rule: ResizeRule) -> tuple[int, int]:
    """Return (width, height) after the published resize rule.

    Three rounds, with Python's half-to-even rounding: bring the short side up and the long side
    down, shrink by the ratio of areas (no square root) if too many pixels remain, and cap the
    long side again.
    """

    def rounded(w: float, h: float) -> tuple[int, int]:
        sides = (round(w), round(h))
        stride = rule.stride
        return tuple(max(stride, round(s / stride) * stride) for s in sides)  # type: ignore[return-value]  # two sides in, two out

    scale = max(min(rule.max_side / max(width, height), 1.0), rule.min_side / min(width, height))
    size = rounded(width * scale, height * scale)
    if size[0] * size[1] > rule.max_pixels:
        scale = rule.max_pixels / (size[0] * size[1])
        size = rounded(size[0] * scale, size[1] * scale)
    if max(size) > rule.max_side:
        scale = rule.max_side / max(size)
        size = rounded(size[0] * scale, size[1] * scale)
    return size


def resized(image: Image.Image, rule: ResizeRule) -> Image.Image:
    """Resize bicubically to the rule's size; returns the same picture if it fits already."""
    size = fitted_size(image.width, image.height, rule)
    return image if size == image.size else image.resize(size, Image.Resampling.BICUBIC)


def to_pixels(image: Image.Image) -> Tensor:
    """Return (3, Y, X) float32 in [-1, 1]."""
    array = np.asarray(image.convert("RGB"), dtype=np.float32) / 255.0
    return torch.from_numpy((array - 0.5) / 0.5).permute(2, 0, 1).contiguous()


def to_uint8(pixels_CYX: Tensor) -> Tensor:
    """Return (Y, X, 3) uint8 of pixels around [-1, 1]; clamps, then truncates."""
    unit = (pixels_CYX.float() * 0.5 + 0.5).clamp(0.0, 1.0)
    return (unit * 255.0).permute(1, 2, 0).to(torch.uint8)


def to_image(pixels_CYX: Tensor) -> Image.Image:
    """Return a Pillow picture of pixels around [-1, 1]."""
    return Image.fromarray(to_uint8(pixels_CYX).cpu().numpy())


def to_patches(pixels_CYX: Tensor, patch_size: int, grid_side: int) -> tuple[Tensor, Tensor]:
    """Cut pixels into flattened patches with their position ids.

    Args:
        pixels_CYX: Sides must be multiples of `patch_size`.
        patch_size: Side of a patch, pixels.
        grid_side: Side of the position grid; ids are `row * grid_side + column`.

    Returns:
        Patches (n, patch_size * patch_size * 3), channel fastest, and ids (n,).

    Raises:
        ImageSizeError: The picture has more patches along a side than the grid.
    """
    channels, height, width = pixels_CYX.shape
    rows, columns = height // patch_size, width // patch_size
    if max(rows, columns) > grid_side:
        raise ImageSizeError(
            f"The picture is {width} x {height} pixels; this model reads at most "
            f"{grid_side * patch_size} along a side. Make it smaller."
        )
    cells = pixels_CYX.reshape(channels, rows, patch_size, columns, patch_size)
    return cells.permute(1, 3, 2, 4, 0).reshape(rows * columns, -1), grid_ids(
        rows, columns, grid_side
    )


def grid_ids(rows: int, columns: int, grid_side: int) -> Tensor:
    """Return ids (rows * columns,) of a grid's cells, row by row, with stride `grid_side`."""
    return (torch.arange(rows)[:, None] * grid_side + torch.arange(columns)).flatten()
