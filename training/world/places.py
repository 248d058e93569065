"""How the eight places look.

Knows skies, grounds and their small decorations, in pixels of a picture 64 wide. Does not know who
stands in front of them.
"""

import random
from functools import lru_cache
from typing import Final

from PIL import Image

from omnipersona.training.world.brush import GRID, RGB, WHITE, Brush, Disc, Poly, Stroke, mix

# Top and bottom of the sky, the ground, the horizon, and shadows on that ground.
_GROUND: Final[dict[str, tuple[RGB, RGB, RGB, float, RGB]]] = {
    "meadow": ((112, 190, 248), (206, 234, 252), (124, 200, 84), 40.0, (94, 162, 64)),
    "beach": ((126, 206, 250), (224, 244, 252), (240, 220, 158), 43.0, (208, 184, 122)),
    "snow": ((176, 198, 222), (222, 232, 242), (244, 248, 254), 40.0, (202, 214, 232)),
    "night": ((16, 18, 56), (58, 50, 112), (38, 68, 74), 41.0, (24, 46, 54)),
    "city": ((240, 186, 176), (250, 226, 200), (112, 114, 124), 42.0, (80, 82, 92)),
    "forest": ((150, 204, 170), (206, 230, 196), (74, 128, 62), 40.0, (52, 98, 46)),
    "desert": ((252, 186, 110), (255, 228, 176), (232, 176, 100), 41.0, (198, 140, 70)),
    "room": ((250, 226, 204), (244, 210, 184), (184, 124, 84), 43.0, (146, 92, 60)),
}


def shadow_color(place: str) -> RGB:
    """Return the colour of shadows on the ground of `place`."""
    return _GROUND[place][4]


def draw_place(place: str, seed: int, width: int) -> Image.Image:
    """Draw an empty place, square, `width` pixels wide; `seed` arranges its decorations."""
    image = _backdrop(place, width).copy()
    _PLACES[place](Brush.on(image), random.Random(seed))
    return image


@lru_cache(maxsize=32)
def _backdrop(place: str, width: int) -> Image.Image:
    """Draw what never changes about a place: sky and ground."""
    top, bottom, ground, horizon, _ = _GROUND[place]
    image = Image.new("RGB", (width, width), ground)
    line = round(horizon * width / GRID)
    for y in range(line):
        image.paste(mix(top, bottom, y / line), (0, y, width, y + 1))
    brush = Brush.on(image)
    if place == "beach":
        brush.paint(_box(0, 33, 64, 43, (44, 132, 206)), _box(0, 41.5, 64, 43, (222, 242, 250)))
    elif place == "city":
        brush.paint(_box(0, 41, 64, 44.5, (176, 174, 178)))
        for x in (2, 19, 36, 53):
            brush.paint(_box(x, 53, x + 9, 54.6, (240, 226, 150)))
    elif place == "room":
        for x in range(2, 64, 8):
            brush.paint(_box(x, 0, x + 2, 41.5, (252, 218, 192)))
        brush.paint(_box(0, 41.3, 64, 43.3, (250, 244, 236)))
        for y in (49, 56):
            brush.paint(_box(0, y, 64, y + 0.7, (160, 104, 68)))
        brush.paint(Disc(32, 56, 28, 6.5, (214, 96, 104)), Disc(32, 56, 23, 4.8, (228, 128, 130)))
    return image


def _box(left: float, top: float, right: float, bottom: float, fill: RGB) -> Poly:
    return Poly([(left, top), (right, top), (right, bottom), (left, bottom)], fill)


def _cloud(brush: Brush, x: float, y: float, s: float) -> None:
    brush.paint(
        Disc(x - 4 * s, y, 3.2 * s, 2 * s, WHITE),
        Disc(x, y - 1.2 * s, 3.6 * s, 2.8 * s, WHITE),
        Disc(x + 4 * s, y, 3.4 * s, 2.1 * s, WHITE),
    )


def _meadow(brush: Brush, rng: random.Random) -> None:
    left = rng.random() < 0.5
    ground = _GROUND["meadow"][2]
    brush.paint(Disc(12 if left else 52, 42, 40, 8, (146, 214, 104)), _box(0, 41, 64, 64, ground))
    brush.paint(Disc(56 if left else 8, 8, 4.5, 4.5, (255, 224, 92)))
    _cloud(brush, rng.uniform(12, 52), rng.uniform(7, 12), rng.uniform(0.8, 1.2))
    for _ in range(7):
        x, y = rng.uniform(2, 62), rng.uniform(43, 62)
        petal = rng.choice(((255, 255, 255), (255, 170, 200), (255, 226, 90), (190, 150, 250)))
        brush.paint(Disc(x, y, 1.1, 1.1, petal))


def _beach(brush: Brush, rng: random.Random) -> None:
    x = rng.choice((7.0, 57.0))
    brush.paint(Disc(64 - x, 8, 5, 5, (255, 226, 88)))
    lean = 3 if x < 32 else -3
    brush.paint(Stroke([(x - lean, 46), (x, 34), (x + lean, 22)], 1.2, (150, 104, 60)))
    for dx, dy in ((-8, 1), (-6, 6), (8, 1), (6, 6), (1, -5)):
        frond = [(x + lean, 21), (x + lean + dx * 0.6, 19 + dy * 0.4), (x + lean + dx, 21 + dy)]
        brush.paint(Stroke(frond, 1.1, (54, 150, 76)))
    for _ in range(3):
        wave = rng.uniform(2, 58), rng.uniform(35, 39.5)
        brush.paint(Stroke([wave, (wave[0] + 5, wave[1])], 0.4, (140, 200, 240)))
    for _ in range(4):
        brush.paint(Disc(rng.uniform(2, 62), rng.uniform(47, 62), 1.1, 0.8, (250, 170, 150)))


def _snow(brush: Brush, rng: random.Random) -> None:
    for x, h in (
        (rng.uniform(4, 20), rng.uniform(16, 24)),
        (rng.uniform(38, 58), rng.uniform(14, 22)),
    ):
        top = 40 - h
        brush.paint(
            Poly([(x - h, 40), (x, top), (x + h, 40)], (138, 156, 190)),
            Poly(
                [(x - 6, top + 6), (x, top), (x + 6, top + 6), (x + 2, top + 5), (x - 1, top + 8)],
                WHITE,
            ),
        )
    x = rng.choice((6.0, 58.0))
    for y, w in ((26, 4.0), (31, 5.5), (37, 7.0)):
        brush.paint(Poly([(x - w, y + 7), (x, y - 3), (x + w, y + 7)], (66, 118, 116)))
        brush.paint(Poly([(x - w * 0.45, y + 1.5), (x, y - 3), (x + w * 0.45, y + 1.5)], WHITE))
    for _ in range(14):
        brush.paint(Disc(rng.uniform(0, 64), rng.uniform(0, 40), 0.8, 0.8, WHITE))


def _night(brush: Brush, rng: random.Random) -> None:
    x = rng.choice((9.0, 55.0))
    brush.paint(Disc(x, 9, 5.2, 5.2, (255, 244, 196)), Disc(x + 2.6, 7.6, 4.6, 4.6, (22, 23, 62)))
    for _ in range(12):
        r = rng.choice((0.5, 0.7, 0.9))
        brush.paint(Disc(rng.uniform(1, 63), rng.uniform(1, 36), r, r, (255, 250, 210)))
    brush.paint(Disc(rng.uniform(0, 64), 45, 30, 7, (44, 80, 84)))
    for _ in range(4):
        brush.paint(Disc(rng.uniform(2, 62), rng.uniform(46, 61), 0.8, 0.8, (196, 240, 120)))


def _city(brush: Brush, rng: random.Random) -> None:
    x = -2.0
    while x < 64:
        w, top = rng.uniform(10, 15), rng.uniform(8, 24)
        wall = rng.choice(((118, 108, 142), (96, 112, 148), (146, 110, 122)))
        brush.paint(_box(x, top, x + w, 41, wall))
        for wx in range(2, int(w) - 2, 4):
            for wy in range(3, 30 - int(top), 6):
                brush.paint(_box(x + wx, top + wy, x + wx + 2, top + wy + 3, (255, 232, 140)))
        x += w + 0.8


def _forest(brush: Brush, rng: random.Random) -> None:
    for x in (rng.uniform(22, 28), rng.uniform(36, 42)):
        brush.paint(_box(x - 1, 20, x + 1, 41, (128, 128, 92)), Disc(x, 18, 6, 9, (122, 176, 130)))
    for side in (rng.uniform(2, 6), rng.uniform(11, 15), rng.uniform(50, 53), rng.uniform(58, 62)):
        foot, top = rng.uniform(40, 44), rng.uniform(2, 8)
        brush.paint(_box(side - 1.8, 28, side + 1.8, foot, (104, 70, 44)))
        for y, w in ((top, 5.0), (top + 8, 6.6), (top + 16, 8.0)):
            brush.paint(Poly([(side - w, y + 12), (side, y), (side + w, y + 12)], (36, 98, 62)))
    for _ in range(3):
        x, y = rng.uniform(3, 61), rng.uniform(47, 61)
        brush.paint(
            _box(x - 0.6, y, x + 0.6, y + 2, (246, 236, 220)), Disc(x, y, 1.8, 1.2, (206, 60, 56))
        )


def _desert(brush: Brush, rng: random.Random) -> None:
    left = rng.random() < 0.5
    brush.paint(Disc(12 if left else 52, 10, 5.5, 5.5, (255, 140, 64)))
    brush.paint(Disc(14 if left else 50, 44, 28, 9, (240, 190, 118)))
    brush.paint(Disc(58 if left else 6, 43, 20, 6, (222, 162, 88)))
    for x in (58.0 if left else 6.0, rng.uniform(20, 44)):
        base = 44.0 if x in (58.0, 6.0) else 40.0
        s = 1.0 if base == 44.0 else 0.6
        arm = [(x, base - 7 * s), (x - 4 * s, base - 7 * s), (x - 4 * s, base - 12 * s)]
        other = [(x, base - 10 * s), (x + 4 * s, base - 10 * s), (x + 4 * s, base - 15 * s)]
        for line in ([(x, base), (x, base - 18 * s)], arm, other):
            brush.paint(Stroke(line, 1.5 * s, (70, 138, 84)))
    for _ in range(4):
        brush.paint(Disc(rng.uniform(2, 62), rng.uniform(47, 62), 1.3, 0.8, (190, 134, 78)))


def _room(brush: Brush, rng: random.Random) -> None:
    left = rng.random() < 0.5
    x, y = (5.0 if left else 43.0) + rng.uniform(-2, 2), rng.uniform(6, 10)
    brush.paint(
        _box(x, y, x + 17, y + 17, WHITE),
        _box(x + 1.5, y + 1.5, x + 15.5, y + 15.5, (142, 208, 248)),
        _box(x + 7.8, y, x + 9.2, y + 17, WHITE),
        _box(x, y + 7.8, x + 17, y + 9.2, WHITE),
    )
    x = 64 - x - 12
    frame = rng.choice(((150, 92, 56), (90, 120, 160), (196, 150, 60)))
    brush.paint(
        _box(x, y + 2, x + 10, y + 11, frame),
        _box(x + 1.4, y + 3.4, x + 8.6, y + 9.6, (250, 246, 230)),
    )
    brush.paint(
        Disc(
            x + 5, y + 6.5, 1.8, 1.8, rng.choice(((236, 110, 96), (110, 180, 110), (110, 130, 220)))
        )
    )


_PLACES: Final = {
    "meadow": _meadow,
    "beach": _beach,
    "snow": _snow,
    "night": _night,
    "city": _city,
    "forest": _forest,
    "desert": _desert,
    "room": _room,
}
