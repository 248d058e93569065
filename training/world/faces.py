"""How the heads look: ears, eyes, muzzle or beak.

Knows what tells the six species apart. Does not know bodies (`figures`) or patterns (`coats`).
"""

from typing import Final

from omnipersona.training.world.brush import DARK, RGB, WHITE, Brush, Disc, Point, Poly, Stroke, mix
from omnipersona.training.world.coats import CREAM, coat_head, pale_color, second_color
from omnipersona.training.world.rig import Rig
from omnipersona.training.world.scene import COLORS, Identity

BEAK: Final[RGB] = (255, 176, 30)
_ROSE: Final[RGB] = (240, 120, 140)
_EYES: Final[dict[str, RGB]] = {
    "black": (20, 18, 26),
    "blue": (40, 130, 255),
    "green": (40, 190, 60),
    "brown": (150, 84, 30),
    "purple": (165, 60, 230),
}
# Half axes of the muzzle, and half the height of the nose, as shares of the head's.
_MUZZLES: Final = {
    "cat": (0.3, 0.2, 0.11),
    "dog": (0.46, 0.4, 0.17),
    "bear": (0.42, 0.34, 0.15),
    "rabbit": (0.26, 0.2, 0.11),
    "fox": (0.22, 0.2, 0.11),
}
_CREST: Final = ((-0.35, 0.35), (-0.08, 0.55), (0.25, 0.42))


def draw_head(brush: Brush, who: Identity, rig: Rig) -> None:
    """Draw a head with its face, in front of a body already drawn."""
    hangs = who.species == "dog"
    if not hangs:
        _draw_ears(brush, who, rig)
    brush.outlined(Disc(*rig.head, COLORS[who.color]))
    coat_head(brush, who, rig)
    if hangs:
        _draw_ears(brush, who, rig)
    if who.species == "bird":
        _draw_beak(brush, rig)
    else:
        _draw_muzzle(brush, who, rig)
    if rig.pose == "sleeping":
        _draw_closed_eyes(brush, who, rig)
        _draw_dreams(brush, rig)
    else:
        _draw_eyes(brush, who, rig)


def _draw_ears(brush: Brush, who: Identity, rig: Rig) -> None:
    """Draw both ears, the hind one in the patch's colour; a bird has a crest instead."""
    color = COLORS[who.color]
    scale = 0.45 + 1.2 * who.ears
    if who.species == "bird":
        _draw_crest(brush, second_color(who), rig, scale)
        return
    for side in (-1, 1):
        patched = who.pattern == "patched" and side == -1
        shade = second_color(who) if patched else color
        if who.species == "dog":
            hanging = shade if who.pattern == "patched" else mix(color, DARK, 0.28)
            _draw_hanging_ear(brush, hanging, rig, side, scale)
        elif who.species in ("cat", "fox"):
            _draw_pointed_ear(brush, who, (shade, mix(color, _ROSE, 0.55)), rig, side)
        else:
            _draw_round_ear(brush, who, (shade, mix(color, _ROSE, 0.55)), rig, side)


def _draw_crest(brush: Brush, color: RGB, rig: Rig, scale: float) -> None:
    x, y, rx, ry = rig.head
    root = (x, y + 0.85 * ry)
    tips = [(x + dx * rx * scale, root[1] + dy * ry * scale) for dx, dy in _CREST]
    brush.outlined(*(Stroke([root, tip], 0.028, color) for tip in tips))


def _draw_hanging_ear(brush: Brush, color: RGB, rig: Rig, side: int, scale: float) -> None:
    x, y, rx, ry = rig.head
    half = 0.55 * ry * scale
    top = (x + side * 0.85 * rx, y + 0.55 * ry)
    end = (x + side * 1.12 * rx, y + 0.55 * ry - 1.3 * half)
    brush.outlined(Stroke([top, end], 0.21 * ry, color), Disc(*end, 0.26 * ry, 0.3 * ry, color))


def _draw_pointed_ear(
    brush: Brush, who: Identity, colors: tuple[RGB, RGB], rig: Rig, side: int
) -> None:
    x, y, rx, ry = rig.head
    tall, lean = (0.85, 0.95) if who.species == "fox" else (0.6, 0.85)
    tip = (x + side * lean * rx, y + ry * (0.75 + tall * (0.45 + 1.2 * who.ears)))
    outer, inner = (x + side * 0.97 * rx, y + 0.2 * ry), (x + side * 0.18 * rx, y + 0.85 * ry)
    middle = (x + side * 0.6 * rx, y + 0.6 * ry)
    brush.outlined(Poly([outer, tip, inner], colors[0]))
    brush.paint(Poly([_toward(p, middle, 0.35) for p in (outer, tip, inner)], colors[1]))
    if who.species == "fox":
        brush.paint(Poly([_toward(tip, outer, 0.38), tip, _toward(tip, inner, 0.38)], DARK))


def _draw_round_ear(
    brush: Brush, who: Identity, colors: tuple[RGB, RGB], rig: Rig, side: int
) -> None:
    x, y, rx, ry = rig.head
    scale = 0.45 + 1.2 * who.ears
    if who.species == "bear":
        r = 0.3 * ry * (0.4 + 0.75 * scale)
        ear = (x + side * 0.76 * rx, y + 0.76 * ry)
        brush.outlined(Disc(*ear, 1.25 * r, 1.25 * r, colors[0]))
        brush.paint(Disc(*ear, 0.7 * r, 0.7 * r, colors[1]))
        return
    half = 0.6 * ry * scale
    ear = (x + side * 0.42 * rx, y + 0.72 * ry + half)
    brush.outlined(Disc(*ear, 0.25 * ry, half, colors[0]))
    brush.paint(Disc(*ear, 0.12 * ry, 0.75 * half, colors[1]))


def _toward(point: Point, target: Point, share: float) -> Point:
    """Move `share` of the way from `point` to `target`."""
    return (
        point[0] + share * (target[0] - point[0]),
        point[1] + share * (target[1] - point[1]),
    )


def _draw_closed_eyes(brush: Brush, who: Identity, rig: Rig) -> None:
    r = rig.eye
    for ex, ey in rig.eyes:
        lid = [(ex - r, ey), (ex - 0.4 * r, ey - 0.6 * r), (ex + 0.4 * r, ey - 0.6 * r)]
        lid_color = mix(pale_color(COLORS[who.color]), _EYES[who.eye_color], 0.45)
        backdrop = Disc(ex, ey - 0.2 * r, 1.25 * r, 0.9 * r, lid_color)
        brush.paint(backdrop, Stroke([*lid, (ex + r, ey)], 0.016, DARK))


def _draw_eyes(brush: Brush, who: Identity, rig: Rig) -> None:
    r = rig.eye
    for ex, ey in rig.eyes:
        brush.paint(
            Disc(ex, ey, 1.22 * r, 1.35 * r, DARK),
            Disc(ex, ey, r, 1.12 * r, WHITE),
            Disc(ex + 0.12 * r, ey, 0.82 * r, 0.94 * r, _EYES[who.eye_color]),
            Disc(ex + 0.16 * r, ey, 0.4 * r, 0.5 * r, DARK),
            Disc(ex - 0.2 * r, ey + 0.42 * r, 0.3 * r, 0.3 * r, WHITE),
        )


def _draw_beak(brush: Brush, rig: Rig) -> None:
    x, y, rx, ry = rig.head
    fx, top = x + 0.17 * rx, y - 0.2 * ry
    tip = (fx + 0.08 * rx, y - (0.72 if rig.pose == "jumping" else 0.6) * ry)
    brush.outlined(Poly([(fx - 0.3 * rx, top), (fx + 0.3 * rx, top), tip], BEAK))


def _draw_muzzle(brush: Brush, who: Identity, rig: Rig) -> None:
    x, y, rx, ry = rig.head
    fx, my = x + 0.17 * rx, y - 0.5 * ry
    wide, tall, nose = _MUZZLES[who.species]
    pale = CREAM if who.species == "fox" else pale_color(COLORS[who.color])
    if who.species == "fox":
        _draw_cheeks(brush, rig, fx)
    brush.paint(Disc(fx, my, wide * rx, tall * ry, pale))
    if rig.pose == "jumping":
        brush.paint(Disc(fx, my - 0.18 * ry, 0.15 * rx, 0.16 * ry, (150, 40, 60)))
    else:
        corner = my - 0.13 * ry
        mouth = [(fx - 0.16 * rx, corner), (fx, my - 0.2 * ry), (fx + 0.16 * rx, corner)]
        brush.paint(Stroke(mouth, 0.008, DARK))
    tip = _ROSE if who.species in ("cat", "rabbit") else DARK
    brush.paint(Disc(fx, my + 0.14 * ry, 1.2 * nose * rx, nose * ry, tip))
    if who.species == "dog" and rig.pose != "jumping":
        brush.paint(Disc(fx + 0.05 * rx, my - 0.32 * ry, 0.12 * rx, 0.16 * ry, _ROSE))
    elif who.species == "rabbit":
        w, top, low = 0.1 * rx, my - 0.1 * ry, my - 0.3 * ry
        brush.paint(Poly([(fx - w, top), (fx + w, top), (fx + w, low), (fx - w, low)], WHITE))
    elif who.species == "cat":
        _draw_whiskers(brush, rig, (fx, my))


def _draw_cheeks(brush: Brush, rig: Rig, fx: float) -> None:
    x, y, rx, ry = rig.head
    for side in (-1, 1):
        out, jaw = (x + side * 0.93 * rx, y - 0.22 * ry), (x + side * 0.5 * rx, y - 0.84 * ry)
        brush.paint(Poly([(fx, y - 0.1 * ry), out, jaw, (fx, y - 0.95 * ry)], CREAM))


def _draw_whiskers(brush: Brush, rig: Rig, muzzle: Point) -> None:
    x, _, rx, ry = rig.head
    fx, my = muzzle
    for side in (-1, 1):
        for dy in (0.02, -0.16):
            start = (fx + side * 0.4 * rx, my + 0.06 * ry + 0.3 * dy * ry)
            brush.paint(Stroke([start, (x + side * 1.15 * rx, my + dy * ry)], 0.008, DARK))


def _draw_dreams(brush: Brush, rig: Rig) -> None:
    """Draw the z marks of sleep above the head."""
    x, y, rx, ry = rig.head
    for zx, zy, s in ((x + 0.75 * rx, y + 1.25 * ry, 0.04), (x + 1.0 * rx, y + 1.9 * ry, 0.06)):
        mark = [(zx - s, zy + s), (zx + s, zy + s), (zx - s, zy - s), (zx + s, zy - s)]
        brush.paint(Stroke(mark, 0.032, DARK), Stroke(mark, 0.016, WHITE))
