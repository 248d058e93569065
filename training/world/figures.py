"""How the characters look: tail, body, limbs, and on top the face.

Knows how a rig becomes a drawn body. Does not know poses and proportions (`rig`), patterns
(`coats`) or heads (`faces`), nor where in the picture a figure stands.
"""

from typing import Final

from omnipersona.training.world.brush import WHITE, Brush, Disc, Stroke, mix
from omnipersona.training.world.coats import coat_body, pale_color, second_color
from omnipersona.training.world.faces import BEAK, draw_head
from omnipersona.training.world.rig import Rig
from omnipersona.training.world.scene import COLORS, Figure, Identity

_FAN: Final = ((-0.2, 0.13), (-0.25, 0.03), (-0.2, -0.05))
_BRUSH_TAIL: Final = ((-0.05, 0.0, 0.05), (-0.12, 0.05, 0.08), (-0.16, 0.13, 0.085))
_CURVE: Final = ((0, 0), (-0.09, -0.01), (-0.15, 0.06), (-0.15, 0.15), (-0.11, 0.21))


def draw_figure(brush: Brush, figure: Figure, rig: Rig) -> None:
    """Draw a figure without accessory; the brush's origin is between its feet."""
    who = figure.identity
    _draw_tail(brush, who, rig)
    _draw_body(brush, who, rig)
    _draw_limbs(brush, who, rig)
    draw_head(brush, who, rig)


def _draw_tail(brush: Brush, who: Identity, rig: Rig) -> None:
    color, tip = COLORS[who.color], second_color(who)
    x, y, rx, ry = rig.body
    s = 0.4 + 1.25 * who.tail
    tx, ty = x - 0.8 * rx, y - 0.45 * ry
    if who.species == "cat":
        line = [(tx + s * dx, ty + s * dy) for dx, dy in _CURVE]
        brush.outlined(Stroke(line, 0.03, color), Stroke(line[3:], 0.03, tip))
    elif who.species == "dog":
        line = [(tx, ty), (tx - 0.1 * s, ty + 0.05 * s), (tx - 0.15 * s, ty + 0.17 * s)]
        brush.outlined(Stroke(line, 0.04, color), Stroke(line[2:], 0.04, tip))
    elif who.species == "fox":
        brush.outlined(
            *(Disc(tx + s * dx, ty + s * dy, s * r, s * r, color) for dx, dy, r in _BRUSH_TAIL),
            Disc(tx - 0.16 * s, ty + 0.21 * s, 0.055 * s, 0.065 * s, WHITE),
        )
    elif who.species == "bird":
        brush.outlined(
            *(Stroke([(tx, ty), (tx + s * dx, ty + s * dy)], 0.04, tip) for dx, dy in _FAN)
        )
    else:
        r = s * (0.08 if who.species == "rabbit" else 0.07)
        puff = mix(color, WHITE, 0.6) if who.species == "rabbit" else color
        brush.outlined(Disc(tx - 0.06 - 0.5 * r, ty, r, r, puff))


def _draw_body(brush: Brush, who: Identity, rig: Rig) -> None:
    color = COLORS[who.color]
    x, y, rx, ry = rig.body
    foot = BEAK if who.species == "bird" else color
    leg = 0.022 if who.species == "bird" else 0.05
    if rig.pose in ("standing", "waving", "jumping"):
        for fx, fy in rig.feet:
            brush.outlined(
                Stroke([(0.8 * fx, y - 0.5 * ry), (fx, fy)], leg, foot),
                Disc(fx + 0.01, fy, 0.07, 0.04, foot),
            )
    brush.outlined(Disc(x, y, rx, ry, color))
    if rig.pose != "sleeping" and who.pattern != "striped":
        brush.paint(Disc(x, y - 0.15 * ry, 0.62 * rx, 0.7 * ry, pale_color(color)))
    coat_body(brush, who, rig.body)


def _draw_limbs(brush: Brush, who: Identity, rig: Rig) -> None:
    """Draw what lies in front of the body: arms or wings, and resting feet."""
    color = COLORS[who.color]
    foot = BEAK if who.species == "bird" else color
    _, y, rx, ry = rig.body
    if rig.pose == "sitting":
        for fx, fy in rig.feet:
            brush.outlined(Disc(fx, fy, 0.085, 0.075, foot))
            brush.paint(Disc(fx, fy - 0.005, 0.045, 0.035, pale_color(foot)))
    if rig.pose == "sleeping":
        brush.outlined(*(Disc(fx, fy, 0.1, 0.045, foot) for fx, fy in rig.feet))
    for i, (hx, hy) in enumerate(rig.hands):
        shoulder = ((-0.75 if i == 0 else 0.75) * rx, y + 0.45 * ry)
        if who.species == "bird":
            middle = ((shoulder[0] + hx) / 2, (shoulder[1] + hy) / 2)
            brush.outlined(Stroke([shoulder, middle, (hx, hy)], 0.06, second_color(who)))
        else:
            brush.outlined(Stroke([shoulder, (hx, hy)], 0.042, color))
