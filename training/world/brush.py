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


class Marks:
    """An index map that is drawn along with a picture: of every pixel, the part it belongs to.

    Args:
        width: Of the picture, pixels; it is square.

    Attributes:
        image: The map, one byte a pixel; 0 is whatever no part covers.
        part: What is being drawn.
        by_color: Parts that are told by their colour alone, such as a coat's pattern.
    """

    def __init__(self, width: int) -> None:
        self.image = Image.new("L", (width, width), 0)
        self.draw = ImageDraw.Draw(self.image)
        self.part = 0
        self.by_color: dict[RGB, int] = {}


class Brush:
    """Draws shapes given in its own coordinates, an affine map of the picture's pixels."""

    def __init__(
        self,
        draw: ImageDraw.ImageDraw,
        scale: float,
        ax: float,
        ay: float,
        origin: Point,
        marks: Marks | None = None,
    ) -> None:
        self._draw = draw
        self._scale = scale
        self._ax, self._ay = ax, ay
        self._bx, self._by = origin
        self._marks = marks

    @classmethod
    def on(cls, image: Image.Image, marks: Marks | None = None) -> "Brush":
        """Make a brush whose unit is 1/64 of the picture's width, origin at the top left."""
        scale = image.width / GRID
        return cls(ImageDraw.Draw(image), scale, scale, scale, (0.0, 0.0), marks)

    def at(self, x: float, y: float, unit: float, *, mirrored: bool = False) -> "Brush":
        """Make a brush with its origin at (x, y) of the page, y upwards, `unit` page units long."""
        step = self._scale * unit
        origin = (x * self._scale, y * self._scale)
        ax = -step if mirrored else step
        return Brush(self._draw, self._scale, ax, -step, origin, self._marks)

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
        self._drawn(self._draw, shape, fill, grow)
        if self._marks is not None:
            part = self._marks.by_color.get(fill, self._marks.part)
            self._drawn(self._marks.draw, shape, part, grow)

    def _drawn(self, draw: ImageDraw.ImageDraw, shape: Shape, fill: RGB | int, grow: float) -> None:
        unit = abs(self._ay)
        if isinstance(shape, Disc):
            x, y = self._ax * shape.x + self._bx, self._ay * shape.y + self._by
            rx, ry = shape.rx * unit + grow, shape.ry * unit + grow
            draw.ellipse((x - rx, y - ry, x + rx, y + ry), fill)
            return
        points = [(self._ax * x + self._bx, self._ay * y + self._by) for x, y in shape.points]
        if isinstance(shape, Poly):
            draw.polygon(points, fill)
            if grow:
                _rounded(draw, [*points, points[0]], grow, fill)
            return
        _rounded(draw, points, shape.r * unit + grow, fill)


def _rounded(draw: ImageDraw.ImageDraw, points: list[Point], r: float, fill: RGB | int) -> None:
    draw.line(points, fill, max(1, round(2 * r)))
    if r >= 1.0:
        for x, y in points:
            draw.ellipse((x - r, y - r, x + r, y + r), fill)
