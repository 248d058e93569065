"""A brush over Pillow: a few shapes with outlines, in any coordinates.

Knows how to draw discs, polygons and strokes and how to mix colours. Does not know what they
depict.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from PIL import Image, ImageDraw

RGB: TypeAlias = tuple[int, int, int]
Point: TypeAlias = tuple[float, float]

GRID: Final = 64
WHITE: Final[RGB] = (255, 255, 255)
DARK: Final[RGB] = (24, 18, 36)
# Width of outlines, in pixels of a picture 64 wide.
_EDGE: Final = 0.75


class Disc(NamedTuple):
    """An ellipse with axes along x and y."""

    x: float
    y: float
    rx: float
    ry: float
    fill: RGB


class Poly(NamedTuple):
    """A filled polygon."""

    points: Sequence[Point]
    fill: RGB


class Stroke(NamedTuple):
    """A line of half-width `r` with round joints and ends."""

    points: Sequence[Point]
    r: float
    fill: RGB


Shape: TypeAlias = Disc | Poly | Stroke


def mix(one: RGB, other: RGB, share: float) -> RGB:
    """Blend `share` of `other` into `one`."""
    keep = 1.0 - share
    return (
        round(one[0] * keep + other[0] * share),
        round(one[1] * keep + other[1] * share),
        round(one[2] * keep + other[2] * share),
    )


def ink(fill: RGB) -> RGB:
    """Choose the outline of `fill`: darker, or lighter where it is nearly black already."""
    return mix(fill, (170, 165, 200), 0.5) if sum(fill) < 180 else mix(fill, DARK, 0.6)


class Brush:
    """Draws shapes given in its own coordinates, an affine map of the picture's pixels."""

    def __init__(
        self, draw: ImageDraw.ImageDraw, scale: float, ax: float, ay: float, origin: Point
    ) -> None:
        self._draw = draw
        self._scale = scale
        self._ax, self._ay = ax, ay
        self._bx, self._by = origin

    @classmethod
    def on(cls, image: Image.Image) -> "Brush":
        """Make a brush whose unit is 1/64 of the picture's width, origin at the top left."""
        scale = image.width / GRID
        return cls(ImageDraw.Draw(image), scale, scale, scale, (0.0, 0.0))

    def at(self, x: float, y: float, unit: float, *, mirrored: bool = False) -> "Brush":
        """Make a brush with its origin at (x, y) of the page, y upwards, `unit` page units long."""
        step = self._scale * unit
        origin = (x * self._scale, y * self._scale)
        return Brush(self._draw, self._scale, -step if mirrored else step, -step, origin)

    def paint(self, *shapes: Shape) -> None:
        """Fill shapes, the last on top."""
        for shape in shapes:
            self._fill(shape, shape.fill, 0.0)

    def outlined(self, *shapes: Shape) -> None:
        """Fill shapes with one common outline in the ink of the first."""
        color, grow = ink(shapes[0].fill), _EDGE * self._scale
        for shape in shapes:
            self._fill(shape, color, grow)
        self.paint(*shapes)

    def _fill(self, shape: Shape, fill: RGB, grow: float) -> None:
        unit = abs(self._ay)
        if isinstance(shape, Disc):
            x, y = self._ax * shape.x + self._bx, self._ay * shape.y + self._by
            rx, ry = shape.rx * unit + grow, shape.ry * unit + grow
            self._draw.ellipse((x - rx, y - ry, x + rx, y + ry), fill)
            return
        points = [(self._ax * x + self._bx, self._ay * y + self._by) for x, y in shape.points]
        if isinstance(shape, Poly):
            self._draw.polygon(points, fill)
            if grow:
                self._rounded([*points, points[0]], grow, fill)
            return
        self._rounded(points, shape.r * unit + grow, fill)

    def _rounded(self, points: list[Point], r: float, fill: RGB) -> None:
        self._draw.line(points, fill, max(1, round(2 * r)))
        if r >= 1.0:
            for x, y in points:
                self._draw.ellipse((x - r, y - r, x + r, y + r), fill)
