"""How objects and accessories look.

Knows the shapes of the eight objects (in half widths around their centre) and of the five
accessories (on a figure's rig). Does not know the picture around them.
"""

import math
from typing import Final

from omnipersona.training.world.brush import (
    DARK,
    RGB,
    WHITE,
    Brush,
    Disc,
    Poly,
    Stroke,
    ink,
    mix,
)
from omnipersona.training.world.rig import Rig
from omnipersona.training.world.scene import COLORS, Accessory

_STAR: Final = tuple(
    (
        (1.08 if i % 2 == 0 else 0.48) * math.sin(i * math.pi / 5),
        (1.08 if i % 2 == 0 else 0.48) * math.cos(i * math.pi / 5),
    )
    for i in range(10)
)
_GLASS: Final[RGB] = (196, 228, 250)
_LEAF: Final[RGB] = (52, 140, 52)


def draw_thing(brush: Brush, kind: str, color: RGB) -> None:
    """Draw an object within about [-1, 1] of the brush's origin, y up."""
    _THINGS[kind](brush, color)


def _ball(brush: Brush, color: RGB) -> None:
    brush.outlined(Disc(0, -0.1, 0.9, 0.9, color))
    band = mix(color, WHITE, 0.75) if sum(color) < 690 else (205, 205, 215)
    brush.paint(Poly([(-0.88, 0.05), (0.88, 0.05), (0.88, -0.25), (-0.88, -0.25)], band))
    brush.paint(Disc(-0.32, 0.4, 0.2, 0.16, mix(color, WHITE, 0.8)))


def _star(brush: Brush, color: RGB) -> None:
    brush.outlined(Poly(_STAR, color))


def _kite(brush: Brush, color: RGB) -> None:
    top, bottom, left, right = (0.1, 1.35), (0.1, -0.45), (-0.7, 0.6), (0.9, 0.6)
    tail = [bottom, (-0.15, -0.7), (0.3, -0.9), (0.0, -1.1)]
    brush.paint(Stroke(tail, 0.07, ink(color)))
    brush.outlined(Poly([top, right, bottom, left], color))
    light = mix(color, WHITE, 0.5)
    brush.paint(Poly([top, (0.1, 0.6), left], light), Poly([right, (0.1, 0.6), bottom], light))
    for x, y in ((-0.1, -0.68), (0.22, -0.95)):
        brush.paint(Poly([(x - 0.22, y + 0.16), (x - 0.22, y - 0.16), (x, y)], color))
        brush.paint(Poly([(x + 0.22, y + 0.16), (x + 0.22, y - 0.16), (x, y)], color))


def _boat(brush: Brush, color: RGB) -> None:
    brush.outlined(Poly([(-1.05, -0.3), (1.05, -0.3), (0.65, -0.95), (-0.65, -0.95)], color))
    brush.paint(Stroke([(0.0, -0.3), (0.0, 1.05)], 0.08, (96, 66, 40)))
    brush.outlined(Poly([(0.12, 1.05), (0.12, -0.1), (0.9, -0.1)], color))
    brush.outlined(Poly([(-0.12, 0.8), (-0.12, -0.1), (-0.7, -0.1)], mix(color, WHITE, 0.55)))


def _car(brush: Brush, color: RGB) -> None:
    cabin = [(-0.65, 0.0), (-0.42, 0.6), (0.38, 0.6), (0.68, 0.0)]
    hull = [(-1.1, 0.0), (1.1, 0.0), (1.1, -0.62), (-1.1, -0.62)]
    brush.outlined(Poly(hull, color), Poly(cabin, color))
    brush.paint(
        Poly([(-0.48, 0.0), (-0.32, 0.45), (-0.06, 0.45), (-0.06, 0.0)], _GLASS),
        Poly([(0.08, 0.0), (0.08, 0.45), (0.3, 0.45), (0.5, 0.0)], _GLASS),
        Disc(1.0, -0.2, 0.12, 0.14, (255, 240, 150)),
    )
    for x in (-0.58, 0.58):
        brush.paint(Disc(x, -0.66, 0.36, 0.36, DARK), Disc(x, -0.66, 0.15, 0.15, (205, 205, 215)))


def _cup(brush: Brush, color: RGB) -> None:
    brush.outlined(Disc(0.62, -0.2, 0.45, 0.45, color))
    brush.paint(Disc(0.64, -0.2, 0.2, 0.2, mix(color, WHITE, 0.75)))
    side = [(-0.85, 0.4), (0.6, 0.4), (0.48, -0.95), (-0.73, -0.95)]
    brush.outlined(Poly(side, color), Disc(-0.12, 0.4, 0.72, 0.2, mix(color, DARK, 0.35)))
    for x in (-0.4, 0.15):
        steam = [(x, 0.75), (x + 0.12, 0.92), (x, 1.08), (x + 0.1, 1.25)]
        brush.paint(Stroke(steam, 0.08, (240, 240, 245)))


def _book(brush: Brush, color: RGB) -> None:
    cover = [(-0.85, 0.8), (0.75, 0.8), (0.75, -0.95), (-0.85, -0.95)]
    brush.outlined(Poly(cover, color))
    brush.paint(
        Poly([(-0.55, -0.68), (0.75, -0.68), (0.75, -0.9), (-0.55, -0.9)], (244, 240, 226)),
        Poly([(-0.85, 0.8), (-0.6, 0.8), (-0.6, -0.95), (-0.85, -0.95)], mix(color, DARK, 0.35)),
    )
    label = (244, 240, 226) if sum(color) < 690 else (190, 190, 204)
    for y in (0.45, 0.12):
        brush.paint(
            Poly([(-0.3, y + 0.1), (0.48, y + 0.1), (0.48, y - 0.1), (-0.3, y - 0.1)], label)
        )


def _flower(brush: Brush, color: RGB) -> None:
    brush.paint(
        Stroke([(0.0, 0.2), (0.0, -1.0)], 0.1, _LEAF),
        Disc(0.32, -0.72, 0.3, 0.15, _LEAF),
        Disc(-0.32, -0.6, 0.3, 0.15, _LEAF),
    )
    turns = [i * math.tau / 5 for i in range(5)]
    petals = [Disc(0.48 * math.sin(a), 0.4 + 0.48 * math.cos(a), 0.36, 0.36, color) for a in turns]
    brush.outlined(*petals)
    heart = (250, 205, 40) if color not in (COLORS["yellow"], COLORS["orange"]) else (130, 70, 30)
    brush.paint(Disc(0.0, 0.4, 0.3, 0.3, heart))


_THINGS: Final = {
    "ball": _ball,
    "star": _star,
    "kite": _kite,
    "boat": _boat,
    "car": _car,
    "cup": _cup,
    "book": _book,
    "flower": _flower,
}


def draw_accessory(brush: Brush, accessory: Accessory, rig: Rig) -> None:
    """Draw an accessory onto a figure that has been drawn with the same brush."""
    _ACCESSORIES[accessory.kind](brush, COLORS[accessory.color], rig)


def _hat(brush: Brush, color: RGB, rig: Rig) -> None:
    x, y, rx, ry = rig.head
    base = y + 0.78 * ry
    w, h = 0.13, 0.17
    brush.outlined(
        Stroke([(x - 1.6 * w, base), (x + 1.6 * w, base)], 0.032, color),
        Poly(
            [(x - w, base), (x - 0.9 * w, base + h), (x + 0.9 * w, base + h), (x + w, base)], color
        ),
    )
    band = mix(color, WHITE, 0.5) if sum(color) < 400 else mix(color, DARK, 0.4)
    low, high = base + 0.035, base + 0.075
    brush.paint(Poly([(x - w, low), (x - w, high), (x + w, high), (x + w, low)], band))


def _scarf(brush: Brush, color: RGB, rig: Rig) -> None:
    x, y = rig.neck[-2]
    end = [(x, y), (x + 0.03, y - 0.16)]
    if rig.pose == "sleeping":
        end = [rig.neck[0], (rig.neck[0][0] - 0.14, rig.neck[0][1] - 0.05)]
    brush.outlined(Stroke(rig.neck, 0.047, color), Stroke(end, 0.042, color))
    stripe = mix(color, WHITE, 0.5) if sum(color) < 400 else mix(color, DARK, 0.3)
    (ax, ay), (bx, by) = end
    middle = (ax + 0.6 * (bx - ax), ay + 0.6 * (by - ay))
    brush.paint(Disc(*middle, 0.03, 0.018, stripe))


def _bow(brush: Brush, color: RGB, rig: Rig) -> None:
    x, y, rx, ry = rig.head
    bx, by = x - 0.35 * rx, y + 0.88 * ry
    w, h = 0.155, 0.1
    brush.outlined(
        Poly([(bx, by), (bx - w, by + h), (bx - w, by - h)], color),
        Poly([(bx, by), (bx + w, by + h), (bx + w, by - h)], color),
    )
    brush.outlined(Disc(bx, by, 0.045, 0.05, mix(color, WHITE, 0.25)))


def _glasses(brush: Brush, color: RGB, rig: Rig) -> None:
    (ax, ay), (bx, by) = rig.eyes
    r = min(max(1.5 * rig.eye, 0.085), 0.5 * (bx - ax) - 0.004)
    edge = ink(color)
    rim = 0.022
    rings = [
        [
            (ex + r * math.sin(i * math.tau / 12), ey + r * math.cos(i * math.tau / 12))
            for i in range(13)
        ]
        for ex, ey in ((ax, ay), (bx, by))
    ]
    arms = [[(ax - r, ay), (rig.head[0] - rig.head[2], ay + 0.02)], [(bx - r, by), (ax + r, ay)]]
    for grow, fill in ((0.016, edge), (0.0, color)):
        for line in (*arms, *rings):
            brush.paint(Stroke(line, rim + grow, fill))


def _crown(brush: Brush, color: RGB, rig: Rig) -> None:
    x, y, rx, ry = rig.head
    base = y + 0.75 * ry
    w, h = 0.17, 0.19
    spikes = (
        (-1.0, 0.0),
        (-1.1, 1.0),
        (-0.5, 0.55),
        (0.0, 1.15),
        (0.5, 0.55),
        (1.1, 1.0),
        (1.0, 0.0),
    )
    brush.outlined(Poly([(x + dx * w, base + dy * h) for dx, dy in spikes], color))
    gem = WHITE if sum(color) < 640 else (220, 60, 90)
    for dx, dy in ((-0.55, 0.22), (0.0, 0.3), (0.55, 0.22)):
        brush.paint(Disc(x + dx * w, base + dy * h, 0.025, 0.025, gem))


_ACCESSORIES: Final = {
    "hat": _hat,
    "scarf": _scarf,
    "bow": _bow,
    "glasses": _glasses,
    "crown": _crown,
}
