"""Untrusted pictures: what is taken in, what is refused, and why."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from omnipersona.store.errors import PictureRejected
from omnipersona.store.image_sanitizer import clean_picture


def saved(picture: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def opened(png: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(png), formats=("PNG",))
    picture.load()
    return picture


def noise(width: int = 64, height: int = 48) -> Image.Image:
    return Image.effect_noise((width, height), 90).convert("RGB")


def bomb(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + check

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 1000)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


SVG = (
    b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
)
SVG_OF_A_FILE = (
    b'<!DOCTYPE svg [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'
    b'<svg xmlns="http://www.w3.org/2000/svg"><text>&secret;</text></svg>'
)
HEIC = Path(__file__).with_name("photo.heic")
REFUSED = {
    "empty": (b"", "empty"),
    "truncated png": (saved(noise(), "PNG")[:900], "damaged"),
    "truncated jpeg": (saved(noise(), "JPEG")[:900], "damaged"),
    "header only": (b"\x89PNG\r\n\x1a\n", "damaged|not a PNG"),
    "text": (b"hello, I am a picture", "not a PNG, JPEG, WEBP, GIF, AVIF or HEIC"),
    "tiff": (saved(noise(), "TIFF"), "not a PNG, JPEG, WEBP, GIF, AVIF or HEIC"),
    "eps": (saved(noise(), "EPS"), "not a PNG, JPEG, WEBP, GIF, AVIF or HEIC"),
    "psd": (b"8BPS\x00\x01" + bytes(100), "not a PNG, JPEG, WEBP, GIF, AVIF or HEIC"),
    "bomb": (bomb(50_000, 50_000), "pixels"),
    "smaller bomb": (bomb(12_000, 9_000), "pixels"),
    "medium bomb": (bomb(8_000, 8_000), "8000 x 8000 = 64000000 pixels"),
    "one pixel": (saved(noise(1, 1), "PNG"), "at least 8"),
    "tiny": (saved(noise(7, 100), "PNG"), "at least 8"),
    "thin": (saved(noise(10, 20_000), "PNG"), "long and thin"),
    "line": (saved(noise(1, 20_000), "PNG"), "at least 8"),
    "svg": (SVG, "SVG drawings .* convert it to JPEG or PNG first"),
    "svg of a file": (SVG_OF_A_FILE, "SVG"),
    "bare svg": (b"  <svg></svg>", "SVG"),
    "heic without a picture": (b"\x00\x00\x00\x18ftypheic" + bytes(64), "damaged|not a PNG"),
    "truncated heic": (HEIC.read_bytes()[:300], "damaged|not a PNG"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_pictures_are_refused_with_the_reason_and_a_good_one_still_passes(name: str) -> None:
    data, reason = REFUSED[name]
    with pytest.raises(PictureRejected, match=reason):
        clean_picture(data)
    assert clean_picture(saved(noise(), "PNG")).width == 64


def test_a_file_over_the_limit_is_refused_with_both_sizes() -> None:
    with pytest.raises(PictureRejected, match="has 2000 bytes; at most 1000"):
        clean_picture(bytes(2000), max_bytes=1000)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "AVIF"])
def test_the_format_is_judged_by_content(form: str) -> None:
    clean = clean_picture(saved(noise(), form))
    assert (clean.width, clean.height) == (64, 48)
    assert (opened(clean.png).mode, opened(clean.png).size) == ("RGB", (64, 48))


def test_a_phones_heic_is_taken_in() -> None:
    clean = clean_picture(HEIC.read_bytes())
    assert (clean.width, clean.height) == (64, 48)
    for place, colour in (((5, 5), (40, 80, 200)), ((60, 40), (200, 60, 40))):
        found = opened(clean.png).getpixel(place)
        assert max(abs(a - b) for a, b in zip(found, colour, strict=True)) < 12  # type: ignore[arg-type]  # RGB


def display_p3() -> bytes:
    """Return the profile of Display P3: sRGB's curves with other primaries (adapted to D50)."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    primaries = {
        b"rXYZ": (0.51512, 0.24120, -0.00105),
        b"gXYZ": (0.29198, 0.69225, 0.04189),
        b"bXYZ": (0.15710, 0.06657, 0.78407),
    }
    for i in range(int.from_bytes(profile[128:132])):
        name, place, _ = struct.unpack_from(">4sII", profile, 132 + 12 * i)
        if name in primaries:
            numbers = [round(65536 * number) for number in primaries[name]]
            struct.pack_into(">3i", profile, place + 8, *numbers)
    return bytes(profile)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_colours_of_another_profile_look_the_same(mode: str) -> None:
    # By the matrices of both spaces, with sRGB's curve on either side.
    said, meant = (100, 200, 100), (43, 202, 85)
    picture = Image.new(mode, (16, 16), said if mode == "RGB" else (*said, 255))
    data = saved(picture, "PNG", icc_profile=display_p3())
    found = opened(clean_picture(data).png)
    assert max(abs(a - b) for a, b in zip(found.getpixel((8, 8)), meant, strict=True)) <= 2  # type: ignore[arg-type]  # RGB
    assert "icc_profile" not in found.info


def test_a_broken_profile_is_left_out() -> None:
    picture = Image.new("RGB", (16, 16), (100, 200, 100))
    clean = clean_picture(saved(picture, "PNG", icc_profile=b"no profile"))
    assert opened(clean.png).getpixel((8, 8)) == (100, 200, 100)


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP"])
def test_of_an_animation_the_first_frame_is_taken(form: str) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue", "green")]
    data = saved(frames[0], form, save_all=True, append_images=frames[1:], duration=50)
    red, green, blue = opened(clean_picture(data).png).getpixel((10, 10))  # type: ignore[misc]  # RGB
    assert red > 240
    assert max(green, blue) < 15


@pytest.mark.parametrize("orientation", range(2, 9))
def test_orientation_is_applied(orientation: int) -> None:
    picture = Image.new("RGB", (40, 20), "white")
    exif = picture.getexif()
    exif[0x0112] = orientation
    clean = clean_picture(saved(picture, "JPEG", exif=exif))
    assert (clean.width, clean.height) == ((20, 40) if orientation >= 5 else (40, 20))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_is_kept_upright(orientation: int) -> None:
    """Store what a camera held that way stores, and look for the corner that was up on the left."""
    upright = Image.new("L", (40, 20), 0)
    upright.paste(255, (0, 0, 20, 10))
    ways = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(ways[orientation]) if orientation in ways else upright
    exif = stored.getexif()
    exif[0x0112] = orientation
    kept = opened(clean_picture(saved(stored, "PNG", exif=exif)).png)
    assert kept.convert("L").tobytes() == upright.tobytes()


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")
def test_broken_orientation_leaves_the_picture_as_it_is() -> None:
    data = saved(noise(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff" + b"\xff" * 20)
    assert clean_picture(data).width == 64


def test_metadata_is_gone() -> None:
    picture = noise()
    exif = picture.getexif()
    exif[0x010E] = "SECRETPLACE"
    for form in ("JPEG", "PNG", "WEBP"):
        clean = opened(clean_picture(saved(picture, form, exif=exif)).png)
        assert clean.info == {}
        assert not clean.getexif()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparent_becomes_white(mode: str) -> None:
    clear = Image.new("RGBA", (16, 16), (0, 0, 0, 0))
    form = "GIF" if mode == "PA" else "PNG"
    picture = clear.convert("P") if mode == "PA" else clear.convert(mode)
    options = {"transparency": picture.getpixel((0, 0))} if mode == "PA" else {}
    clean = clean_picture(saved(picture, form, **options))
    assert opened(clean.png).getpixel((3, 3)) == (255, 255, 255)


def test_palette_with_alpha_keeps_its_colours() -> None:
    picture = Image.new("P", (16, 16), 1)
    picture.putpalette([0, 0, 0, 200, 10, 10])
    picture.paste(0, (0, 0, 8, 16))
    clean = opened(clean_picture(saved(picture, "PNG", transparency=bytes([0, 255]))).png)
    assert clean.getpixel((2, 2)) == (255, 255, 255)
    assert clean.getpixel((12, 2)) == (200, 10, 10)


def test_print_colours_become_screen_colours() -> None:
    picture = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    red, green, blue = opened(clean_picture(saved(picture, "JPEG")).png).getpixel((8, 8))  # type: ignore[misc]  # RGB
    assert red > 200
    assert max(green, blue) < 60


def test_sixteen_bit_greys_are_scaled_not_clipped() -> None:
    picture = Image.new("I;16", (16, 16), 32_896)
    assert opened(clean_picture(saved(picture, "PNG")).png).getpixel((8, 8)) == (128, 128, 128)


def test_a_large_photo_is_scaled_down_and_keeps_its_shape() -> None:
    clean = clean_picture(saved(noise(400, 200), "PNG"), max_side=100)
    assert (clean.width, clean.height) == (100, 50)


def test_cleaning_twice_changes_nothing() -> None:
    once = clean_picture(saved(noise(), "PNG"))
    assert clean_picture(once.png) == once
