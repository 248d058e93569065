"""The coats of characters: their second colour and how a pattern lies on body and head.

Knows plain, spotted, striped and patched. Does not know limbs or faces.
"""

import math
from typing import Final

from omnipersona.training.world.brush import DARK, RGB, WHITE, Brush, Disc, Poly, mix
from omnipersona.training.world.rig import Ellipse, Rig
from omnipersona.training.world.scene import COLORS, Identity

CREAM: Final[RGB] = (255, 246, 230)


def second_color(who: Identity) -> RGB:
    """Return the coat's second colour, or a darker first for a plain coat."""
    color = COLORS[who.color]
    if who.pattern_color is not None:
        return COLORS[who.pattern_color]
    return mix(color, DARK, 0.3) if sum(color) > 180 else mix(color, WHITE, 0.25)


def pale_color(color: RGB) -> RGB:
    """Return the colour of bellies and muzzles."""
    return mix(color, CREAM, 0.5 if sum(color) > 180 else 0.3)


def coat_body(brush: Brush, who: Identity, body: Ellipse) -> None:
    """Draw the pattern on the body."""
    x, y, rx, ry = body
    color = second_color(who)
    if who.pattern == "spotted":
        for dx, dy in ((-0.6, 0.25), (0.05, 0.45), (0.62, 0.1), (-0.25, -0.25), (0.35, -0.5)):
            brush.paint(Disc(x + dx * rx, y + dy * ry, 0.052, 0.05, color))
    elif who.pattern == "striped":
        for dy in (0.55, -0.02, -0.6):
            brush.paint(_band(body, dy, 0.031, color))
    elif who.pattern == "patched":
        brush.paint(Disc(x + 0.35 * rx, y - 0.2 * ry, 0.62 * rx, 0.6 * ry, color))


def _band(body: Ellipse, middle: float, half: float, color: RGB) -> Poly:
    """Cut a stripe of half-width `half` out of an ellipse; `middle` in [-1, 1] is its height."""
    x, y, rx, ry = body
    low, high = max(-0.97, middle - half / ry), min(0.97, middle + half / ry)
    rows = [(v, rx * math.sqrt(1.0 - v * v)) for v in (low, middle, high)]
    left = [(x - w, y + v * ry) for v, w in rows]
    return Poly([*left, *((x + w, y + v * ry) for v, w in reversed(rows))], color)


def coat_head(brush: Brush, who: Identity, rig: Rig) -> None:
    """Draw the pattern on the head; a patch lies over one eye."""
    color = second_color(who)
    x, y, rx, ry = rig.head
    if who.pattern == "striped":
        brush.paint(_band(rig.head, 0.84, 0.026, color), _band(rig.head, 0.42, 0.026, color))
        for side in (-1, 1):
            cheek = [(x + side * rx * 0.95, y - 0.12 * ry), (x + side * rx * 0.6, y - 0.3 * ry)]
            brush.paint(Poly([*cheek, (x + side * rx * 0.85, y - 0.48 * ry)], color))
    elif who.pattern == "spotted":
        for dx, dy in ((-0.5, 0.62), (0.2, 0.72), (-0.78, -0.15), (0.72, -0.42)):
            brush.paint(Disc(x + dx * rx, y + dy * ry, 0.05, 0.048, color))
    elif who.pattern == "patched":
        ex, ey = rig.eyes[0]
        brush.paint(Disc(ex - 0.04 * rx, ey, 0.4 * rx, 0.48 * ry, color))
