"""Untrusted picture bytes in, clean PNG bytes out; knows nothing of users or storage.

The format is judged by content, never by a file name; size is checked before pixels are decoded;
what comes out is upright sRGB of 8 bits without any metadata: what others call a picture's own
pixels. Colours of another profile are converted, so that they look the same afterwards.
"""

import io
import struct
import zlib
from dataclasses import dataclass
from typing import Final

from pi_heif import register_heif_opener  # type: ignore[import-untyped]  # ships no types
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from omnipersona.store.errors import PictureRejected

MAX_BYTES: Final = 20_000_000
MAX_PIXELS: Final = 50_000_000
MAX_ASPECT: Final = 20.0
MAX_SIDE: Final = 2048
MIN_SIDE: Final = 8
_FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "AVIF", "HEIF")
_ACCEPTED: Final = "PNG, JPEG, WEBP, GIF, AVIF or HEIC"
_SRGB: Final = ImageCms.createProfile("sRGB")
_DECODER_ERRORS: Final = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    KeyError,
    IndexError,
    TypeError,
    OverflowError,
    struct.error,
    zlib.error,
)
_WORDS: Final = (b"tEXt", b"zTXt", b"iTXt", b"eXIf")


# Phones send HEIC; Pillow itself does not read it.
register_heif_opener(thumbnails=False, aux_images=False, depth_images=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class CleanPicture:
    """A picture that is safe to keep: RGB PNG bytes without metadata, sides in pixels."""

    png: bytes
    width: int
    height: int


def clean_picture(
    data: bytes,
    *,
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
    max_aspect: float = MAX_ASPECT,
    max_side: int = MAX_SIDE,
) -> CleanPicture:
    """Decode, turn upright, flatten on white and encode again.

    Args:
        data: A PNG, JPEG, WEBP, GIF, AVIF or HEIC file; of an animation the first frame is taken.
        max_bytes: Largest file.
        max_pixels: Largest width times height.
        max_aspect: Largest ratio of the longer side to the shorter.
        max_side: A longer side is scaled down to this many pixels.
    Raises: PictureRejected: the bytes are no such picture; the text says which rule they broke.
    """
    _check_file(data, max_bytes)
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            _check_size(picture.width, picture.height, max_pixels, max_aspect)
            picture.verify()
        # verify() leaves the picture unusable, so it is opened a second time.
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            picture.load()
            upright = _flatten(_in_srgb(_upright(picture)))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureRejected(
            f"The picture has more than {max_pixels} pixels; make it smaller and send it again."
        ) from error
    except UnidentifiedImageError as error:
        raise PictureRejected(_unknown_format(data)) from error
    except _DECODER_ERRORS as error:
        raise PictureRejected(
            "The picture is damaged or incomplete; open it in a viewer, save it again as PNG "
            "and send that."
        ) from error
    upright.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    return CleanPicture(png=_encode(upright), width=upright.width, height=upright.height)


def without_words(png: bytes) -> bytes:
    """Return a PNG with the same pixels and no words but by which software it was made."""
    # Ours: Pillow would decode and encode all pixels for it, and refuse those that are damaged.
    kept, start = [png[:8]], 8
    while start < len(png):
        end = start + 12 + int.from_bytes(png[start : start + 4])
        chunk = png[start:end]
        if chunk[4:8] not in _WORDS or chunk[8:].startswith(b"Software\0"):
            kept.append(chunk)
        start = end
    return b"".join(kept)


def _check_file(data: bytes, max_bytes: int) -> None:
    if not data:
        raise PictureRejected("The picture file is empty (0 bytes); choose another file.")
    if len(data) > max_bytes:
        raise PictureRejected(
            f"The picture file has {len(data)} bytes; at most {max_bytes} are accepted. "
            "Make it smaller and send it again."
        )


def _check_size(width: int, height: int, max_pixels: int, max_aspect: float) -> None:
    if width * height > max_pixels:
        raise PictureRejected(
            f"The picture is {width} x {height} = {width * height} pixels; at most {max_pixels} "
            "are accepted. Make it smaller and send it again."
        )
    if min(width, height) < MIN_SIDE:
        raise PictureRejected(
            f"The picture is {width} x {height} pixels; each side needs at least {MIN_SIDE}. "
            "Choose a larger one."
        )
    if max(width, height) > max_aspect * min(width, height):
        raise PictureRejected(
            f"The picture is {width} x {height} pixels, too long and thin; one side may be at "
            f"most {max_aspect:g} times the other. Crop it and send it again."
        )


def _unknown_format(data: bytes) -> str:
    head = data[:4096].lstrip().lower()
    if head.startswith(b"<svg") or (head.startswith((b"<?xml", b"<!")) and b"<svg" in head):
        return "SVG drawings are not accepted; convert it to JPEG or PNG first."
    return f"The file is not a {_ACCEPTED} picture, whatever its name; choose another file."


def _upright(picture: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except _DECODER_ERRORS:
        # A camera's broken note about its orientation is no reason to refuse its photo.
        return picture.copy()


def _in_srgb(picture: Image.Image) -> Image.Image:
    """Return a picture whose colours are sRGB's; a profile that cannot be used is left out."""
    profile = picture.info.get("icc_profile")
    if not profile:
        return picture
    has_alpha = picture.mode in ("RGBA", "LA", "PA")
    colours = picture.convert("RGB") if has_alpha or picture.mode == "P" else picture
    try:
        converted = ImageCms.profileToProfile(colours, io.BytesIO(profile), _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, *_DECODER_ERRORS):
        # A scanner's broken profile is no reason to refuse its photo.
        return picture
    assert converted is not None, "it is made anew, not changed in place"
    if has_alpha:
        converted.putalpha(picture.getchannel("A"))
    return converted


def _flatten(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):
        # 16-bit greys would be clipped to white by a plain conversion.
        return picture.convert("I").point(lambda level: level / 257).convert("L").convert("RGB")
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        paper = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(paper, layer).convert("RGB")
    return picture.convert("RGB")


def _encode(picture: Image.Image) -> bytes:
    bare = Image.new("RGB", picture.size)
    bare.paste(picture)
    buffer = io.BytesIO()
    bare.save(buffer, "PNG")
    return buffer.getvalue()
