"""A scene of the drawn world as a picture.

Knows the order of drawing and where figures and objects stand. Does not know how the parts look
(`places`, `figures`, `things`) or what to draw (`world`). A scene gives the same pixels every time,
and two scenes differ only where their contents do: the downsampling mixes no neighbours.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from omnipersona.training.world.brush import Brush, Disc, Marks
from omnipersona.training.world.figures import draw_figure
from omnipersona.training.world.places import draw_place, shadow_color
from omnipersona.training.world.rig import pose_rig
from omnipersona.training.world.scene import COLORS, MAX_FIGURES, Figure, Scene, Thing
from omnipersona.training.world.things import draw_accessory, draw_thing

_SUPERSAMPLING: Final = 3
_THING_RADIUS: Final = 7.0
_THING_Y: Final = 54.0

BODY, PATTERN, WORN, _PARTS = range(4)
THING: Final = 1 + _PARTS * MAX_FIGURES
"""Parts that a pixel may belong to, beside those of figures."""


def render(scene: Scene, size: int = 64) -> Image.Image:
    """Draw `scene` as an RGB picture of `size` x `size` pixels.

    Raises: ValueError: `size` is not positive.
    """
    return _drawn(scene, size, None)


def render_with_parts(scene: Scene, size: int = 64) -> tuple[Image.Image, NDArray[np.uint8]]:
    """Draw `scene` as `render` does, and of each pixel's centre the part it belongs to (Y, X).

    0 is the place; what a figure or object is, `part_of_figure` and `THING` say.

    Raises: ValueError: `size` is not positive.
    """
    marks = Marks(_SUPERSAMPLING * max(1, size))
    image = _drawn(scene, size, marks)
    middle = _SUPERSAMPLING // 2
    return image, np.asarray(marks.image)[middle::_SUPERSAMPLING, middle::_SUPERSAMPLING]


def part_of_figure(index: int, part: int) -> int:
    """Return the number of a figure's part: `BODY`, `PATTERN` or `WORN`."""
    return 1 + _PARTS * index + part


def _drawn(scene: Scene, size: int, marks: Marks | None) -> Image.Image:
    if size < 1:
        raise ValueError(f"size is {size}; a picture needs at least one pixel")
    image = draw_place(scene.place, scene.seed, _SUPERSAMPLING * size)
    page = Brush.on(image, marks)
    # Far figures first: a near one may stand in front of them.
    for i, figure in sorted(enumerate(scene.figures), key=lambda one: one[1].size):
        _draw_standing(page, figure, scene.place, marks, i)
    if scene.thing is not None:
        if marks is not None:
            marks.part = THING
        _draw_lying(page, scene.thing, scene.place)
    return image.reduce(_SUPERSAMPLING)


def _draw_standing(
    page: Brush, figure: Figure, place: str, marks: Marks | None, index: int
) -> None:
    """Draw a figure with its shadow on the ground."""
    if marks is not None:
        marks.part = part_of_figure(index, BODY)
        if figure.identity.pattern_color is not None:
            # The second colour of a coat is nowhere else in its figure, tips and ears included.
            color = COLORS[figure.identity.pattern_color]
            marks.by_color = {color: part_of_figure(index, PATTERN)}
    x, ground = 64.0 * figure.x, 53.0 + 7.0 * figure.size
    height = 34.0 + 14.0 * figure.size
    wide = {"sleeping": 0.38, "jumping": 0.17}.get(figure.pose, 0.27)
    page.paint(Disc(x, ground, wide * height, 0.055 * height, shadow_color(place)))
    brush = page.at(x, ground, height, mirrored=figure.facing == "left")
    rig = pose_rig(figure)
    draw_figure(brush, figure, rig)
    if marks is not None:
        marks.part, marks.by_color = part_of_figure(index, WORN), {}
    if figure.accessory is not None:
        draw_accessory(brush, figure.accessory, rig)


def _draw_lying(page: Brush, thing: Thing, place: str) -> None:
    """Draw an object, in front of everything; a kite hovers."""
    x = 64.0 * thing.x
    page.paint(Disc(x, _THING_Y + 6.8, 6.0, 1.4, shadow_color(place)))
    y = _THING_Y - 2.0 if thing.kind == "kite" else _THING_Y
    draw_thing(page.at(x, y, _THING_RADIUS), thing.kind, COLORS[thing.color])
