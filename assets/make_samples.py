"""Draw the sample photos, the logo and the small pictures of the page from the drawn world.

Run it from the repository: `python assets/make_samples.py`. The same pixels come out every time.
"""

import base64
import io
from pathlib import Path
from typing import Final, Literal

from PIL import Image, ImageDraw

from omnipersona.training.world.render import render
from omnipersona.training.world.scene import Accessory, Figure, Identity, Scene, Thing

PAGE: Final = Path(__file__).resolve().parent.parent / "ui" / "page"
PHOTO_SIZE: Final = 256

BO: Final = Identity(
    species="dog",
    color="orange",
    pattern="patched",
    pattern_color="white",
    eye_color="blue",
    body=0.45,
    head=0.7,
    ears=0.8,
    eyes=0.75,
    tail=0.7,
)
MIA: Final = Identity(
    species="cat",
    color="gray",
    pattern="striped",
    pattern_color="black",
    eye_color="green",
    body=0.5,
    head=0.5,
    ears=0.5,
    eyes=0.6,
    tail=0.8,
)
RUE: Final = Identity(
    species="fox",
    color="red",
    pattern="plain",
    pattern_color=None,
    eye_color="brown",
    body=0.6,
    head=0.5,
    ears=0.6,
    eyes=0.5,
    tail=0.9,
)


def figure(
    identity: Identity,
    pose: str,
    *,
    x: float = 0.5,
    size: float = 0.6,
    facing: Literal["left", "right"] = "right",
    accessory: Accessory | None = None,
) -> Figure:
    """Return a character in a picture."""
    return Figure(identity=identity, x=x, size=size, facing=facing, pose=pose, accessory=accessory)


def scene(place: str, seed: int, *figures: Figure, thing: Thing | None = None) -> Scene:
    """Return a picture."""
    return Scene(place=place, figures=figures, thing=thing, seed=seed)


RED_BALL: Final = Thing(kind="ball", color="red", x=0.83)
PHOTOS: Final[dict[str, Scene]] = {
    "bo_1_beach": scene("beach", 11, figure(BO, "sitting", x=0.38), thing=RED_BALL),
    "bo_2_meadow": scene("meadow", 12, figure(BO, "standing", size=0.9, facing="left")),
    "bo_3_snow": scene("snow", 13, figure(BO, "jumping", x=0.45, size=0.5)),
    "bo_4_city": scene(
        "city", 14, figure(BO, "waving", x=0.55, accessory=Accessory(kind="scarf", color="teal"))
    ),
    "bo_5_room": scene("room", 15, figure(BO, "sleeping", facing="left", size=0.8)),
    "bo_6_forest": scene("forest", 16, figure(BO, "standing", x=0.6, size=0.3)),
    "mia_and_rue": scene(
        "meadow",
        21,
        figure(MIA, "sitting", x=0.27, size=0.3),
        figure(RUE, "waving", x=0.73, size=0.3, facing="left"),
    ),
    "cat_in_the_room": scene(
        "room",
        22,
        figure(MIA, "standing", x=0.36, size=0.7),
        thing=Thing(kind="cup", color="blue", x=0.84),
    ),
    "fox_in_the_snow": scene("snow", 23, figure(RUE, "sitting", size=0.7)),
}
"""Sample photos by file name; those of <bo> teach, the others are asked about and edited."""

_LOGO: Final = scene("meadow", 31, figure(BO, "waving", x=0.5, size=1.0))
# Each small picture is a window of a scene, in pixels of a picture 256 wide.
_HEAD: Final = (60, 40, 196, 176)
_LYING: Final = (82, 164, 174, 256)
_ICONS: Final[dict[str, tuple[Scene, tuple[int, int, int, int]]]] = {
    "meet": (scene("beach", 41, figure(BO, "standing", size=1.0)), _HEAD),
    "ask": (scene("meadow", 42, figure(RUE, "standing", size=1.0)), _HEAD),
    "draw": (scene("night", 43, thing=Thing(kind="star", color="yellow", x=0.5)), _LYING),
    "edit": (
        scene(
            "room",
            44,
            figure(MIA, "standing", size=1.0, accessory=Accessory(kind="hat", color="red")),
        ),
        _HEAD,
    ),
    "help": (scene("room", 45, thing=Thing(kind="book", color="purple", x=0.5)), _LYING),
}
_LOGO_SVG: Final = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 240">
<image href="data:image/png;base64,{picture}" x="120" y="0" width="160" height="160"/>
<text x="200" y="218" text-anchor="middle" font-size="46" font-weight="700" fill="{ink}"
 font-family="system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif">OmniPersona</text>
</svg>
"""
_INKS: Final = {"light": "#3b2a1e", "dark": "#fdf3e7"}


def rounded(image: Image.Image, radius: float) -> Image.Image:
    """Cut the corners off; `radius` is a share of the width, 0.5 leaves a disc."""
    scale = 4
    mask = Image.new("L", (image.width * scale, image.height * scale), 0)
    box = (0, 0, mask.width - 1, mask.height - 1)
    ImageDraw.Draw(mask).rounded_rectangle(box, radius * mask.width, fill=255)
    out = image.convert("RGBA")
    out.putalpha(mask.resize(image.size, Image.Resampling.LANCZOS))
    return out


def small(drawn: Scene, window: tuple[int, int, int, int], size: int) -> Image.Image:
    """Return the window of a scene, enlarged or shrunk to `size` x `size` pixels."""
    cut = render(drawn, 256).crop(window)
    return cut.resize((size, size), Image.Resampling.LANCZOS)


def main() -> None:
    """Write every file of the page that is drawn."""
    public = PAGE / "public"
    for name, drawn in PHOTOS.items():
        render(drawn, PHOTO_SIZE).save(PAGE / "samples" / f"{name}.png", optimize=True)
    for name, (drawn, window) in _ICONS.items():
        icon = rounded(small(drawn, window, 80), 0.25)
        icon.save(public / "starters" / f"{name}.png", optimize=True)
    face = rounded(small(_LOGO, (56, 40, 200, 184), 96), 0.5)
    face.save(public / "favicon.png", optimize=True)
    face.save(public / "avatars" / "omnipersona.png", optimize=True)
    whole = io.BytesIO()
    rounded(render(_LOGO, 256), 0.5).save(whole, "PNG", optimize=True)
    picture = base64.b64encode(whole.getvalue()).decode("ascii")
    for theme, ink in _INKS.items():
        svg = _LOGO_SVG.format(picture=picture, ink=ink)
        (public / f"logo_{theme}.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
