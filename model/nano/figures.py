"""How the characters look: bodies, faces, coats, poses.

Knows the anatomy of the six species in units of a figure's height, x towards where it looks and y
up from the ground. Does not know where in the picture a figure stands.
"""

import math
from dataclasses import dataclass
from typing import Final

from omnipersona.model.nano.brush import DARK, RGB, WHITE, Brush, Disc, Point, Poly, Stroke, mix
from omnipersona.model.nano.world import COLORS, Figure, Identity

_EYES: Final[dict[str, RGB]] = {
    "black": (20, 18, 26),
    "blue": (40, 130, 255),
    "green": (40, 190, 60),
    "brown": (150, 84, 30),
    "purple": (165, 60, 230),
}
_CREAM: Final[RGB] = (255, 246, 230)
_BEAK: Final[RGB] = (255, 176, 30)
_ROSE: Final[RGB] = (240, 120, 140)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rig:
    """Where the parts of a posed figure are, in units of its height.

    Attributes:
        body, head: Ellipses as (x, y, rx, ry).
        hands, feet: Centres, the hind one first; no hands while asleep.
        eyes: Centres of the two eyes; `eye` is their radius.
        neck: The line along which a scarf lies.
        pose: The figure's pose.
    """

    body: tuple[float, float, float, float]
    head: tuple[float, float, float, float]
    hands: tuple[Point, ...]
    feet: tuple[Point, ...]
    eyes: tuple[Point, Point]
    eye: float
    neck: tuple[Point, ...]
    pose: str


def pose_rig(figure: Figure) -> Rig:
    """Lay out the parts of `figure` for its pose and proportions."""
    who = figure.identity
    r = 0.175 + 0.085 * who.head
    hrx, hry = r * (1.02 if who.species in ("rabbit", "bird") else 1.12), r
    width = 0.13 + 0.115 * who.body + (0.02 if who.species == "bear" else 0.0)
    if figure.pose == "sleeping":
        body = (-0.08, 0.15 + 0.05 * who.body, 0.25 + 0.03 * who.body, 0.14 + 0.05 * who.body)
        head = (0.2, hry * 0.98, hrx, hry)
    else:
        lift = {"sitting": -0.12, "jumping": 0.17}.get(figure.pose, 0.0)
        body = (0.0, 0.31 + lift, width, 0.19)
        head = (0.0, 0.42 + 0.88 * r + lift, hrx, hry)
    hx, hy = head[0], head[1]
    face = hx + 0.14 * hrx
    eye_y = hy + 0.06 * hry
    return Rig(
        body=body,
        head=head,
        hands=_hands(figure.pose, body, head),
        feet=_feet(figure.pose, body),
        eyes=((face - 0.43 * hrx, eye_y), (face + 0.43 * hrx, eye_y)),
        eye=r * (0.17 + 0.14 * who.eyes),
        neck=_neck(figure.pose, body, head),
        pose=figure.pose,
    )


def _hands(
    pose: str, body: tuple[float, float, float, float], head: tuple[float, float, float, float]
) -> tuple[Point, ...]:
    _, y, rx, _ = body
    low, high = (rx + 0.045, y - 0.07), (max(rx, head[2]) + 0.1, head[1] + 0.1)
    if pose == "sleeping":
        return ()
    if pose == "sitting":
        return ((-0.6 * rx, y - 0.05), (0.6 * rx, y - 0.05))
    if pose == "jumping":
        return ((-high[0], high[1]), high)
    return ((-low[0], low[1]), high if pose == "waving" else low)


def _feet(pose: str, body: tuple[float, float, float, float]) -> tuple[Point, ...]:
    x, y, rx, ry = body
    if pose == "sleeping":
        return ((x - 0.6 * rx, 0.045),)
    if pose == "sitting":
        return ((-0.85 * rx - 0.02, 0.07), (0.85 * rx + 0.02, 0.07))
    if pose == "jumping":
        return ((-0.75 * rx - 0.05, y - ry - 0.03), (0.75 * rx + 0.05, y - ry - 0.03))
    return ((-0.55 * rx, 0.04), (0.55 * rx, 0.04))


def _neck(
    pose: str, body: tuple[float, float, float, float], head: tuple[float, float, float, float]
) -> tuple[Point, ...]:
    x, y, rx, ry = head
    if pose == "sleeping":
        return ((x - 0.75 * rx, y + 0.75 * ry), (x - 1.05 * rx, y), (x - 0.85 * rx, y - 0.6 * ry))
    w = min(0.9 * body[2] + 0.02, 0.8 * rx)
    top = y - 0.93 * ry
    return ((-w, top + 0.03), (-0.5 * w, top - 0.005), (0.5 * w, top - 0.005), (w, top + 0.03))


def draw_figure(brush: Brush, figure: Figure, rig: Rig) -> None:
    """Draw a figure without accessory; the brush's origin is between its feet."""
    who = figure.identity
    _draw_tail(brush, who, rig)
    _draw_body(brush, who, rig)
    _draw_head(brush, who, rig)
    _draw_face(brush, who, rig)
    if rig.pose == "sleeping":
        _draw_dreams(brush, rig)


def _second(who: Identity) -> RGB:
    """Return the coat's second colour, or a darker first for a plain coat."""
    color = COLORS[who.color]
    if who.pattern_color is not None:
        return COLORS[who.pattern_color]
    return mix(color, DARK, 0.3) if sum(color) > 180 else mix(color, WHITE, 0.25)


def _pale(color: RGB) -> RGB:
    """Return the colour of bellies and muzzles."""
    return mix(color, _CREAM, 0.5 if sum(color) > 180 else 0.3)


def _draw_tail(brush: Brush, who: Identity, rig: Rig) -> None:
    color, tip = COLORS[who.color], _second(who)
    x, y, rx, ry = rig.body
    s = 0.55 + 0.95 * who.tail
    tx, ty = x - 0.8 * rx, y - 0.45 * ry
    if who.species == "cat":
        curve = [(0, 0), (-0.09, -0.01), (-0.15, 0.06), (-0.15, 0.15), (-0.11, 0.21)]
        line = [(tx + s * dx, ty + s * dy) for dx, dy in curve]
        brush.outlined(Stroke(line, 0.03, color), Stroke(line[3:], 0.03, tip))
    elif who.species == "dog":
        line = [(tx, ty), (tx - 0.1 * s, ty + 0.05 * s), (tx - 0.15 * s, ty + 0.17 * s)]
        brush.outlined(Stroke(line, 0.04, color), Stroke(line[2:], 0.04, tip))
    elif who.species == "fox":
        puffs = ((-0.05, 0.0, 0.05), (-0.12, 0.05, 0.08), (-0.16, 0.13, 0.085))
        brush.outlined(
            *(Disc(tx + s * dx, ty + s * dy, s * r, s * r, color) for dx, dy, r in puffs),
            Disc(tx - 0.16 * s, ty + 0.21 * s, 0.055 * s, 0.065 * s, WHITE),
        )
    elif who.species == "bird":
        fan = ((-0.2, 0.13), (-0.25, 0.03), (-0.2, -0.05))
        brush.outlined(
            *(Stroke([(tx, ty), (tx + s * dx, ty + s * dy)], 0.04, tip) for dx, dy in fan)
        )
    else:
        r = s * (0.08 if who.species == "rabbit" else 0.055)
        puff = mix(color, WHITE, 0.6) if who.species == "rabbit" else color
        brush.outlined(Disc(tx - 0.05 - 0.3 * r, ty, r, r, puff))


def _draw_body(brush: Brush, who: Identity, rig: Rig) -> None:
    color = COLORS[who.color]
    x, y, rx, ry = rig.body
    foot = _BEAK if who.species == "bird" else color
    leg = 0.022 if who.species == "bird" else 0.05
    if rig.pose in ("standing", "waving", "jumping"):
        for fx, fy in rig.feet:
            brush.outlined(
                Stroke([(0.8 * fx, y - 0.5 * ry), (fx, fy)], leg, foot),
                Disc(fx + 0.01, fy, 0.07, 0.04, foot),
            )
    brush.outlined(Disc(x, y, rx, ry, color))
    if rig.pose != "sleeping" and who.pattern != "striped":
        brush.paint(Disc(x, y - 0.15 * ry, 0.62 * rx, 0.7 * ry, _pale(color)))
    _draw_coat(brush, who, rig.body)
    if rig.pose == "sitting":
        for fx, fy in rig.feet:
            brush.outlined(Disc(fx, fy, 0.085, 0.075, foot))
            brush.paint(Disc(fx, fy - 0.005, 0.045, 0.035, _pale(foot)))
    if rig.pose == "sleeping":
        brush.outlined(*(Disc(fx, fy, 0.1, 0.045, foot) for fx, fy in rig.feet))
    for i, (hx, hy) in enumerate(rig.hands):
        shoulder = ((-0.75 if i == 0 else 0.75) * rx, y + 0.45 * ry)
        if who.species == "bird":
            middle = ((shoulder[0] + hx) / 2, (shoulder[1] + hy) / 2)
            brush.outlined(Stroke([shoulder, middle, (hx, hy)], 0.06, _second(who)))
        else:
            brush.outlined(Stroke([shoulder, (hx, hy)], 0.042, color))


def _draw_coat(brush: Brush, who: Identity, body: tuple[float, float, float, float]) -> None:
    """Draw the pattern on the body."""
    x, y, rx, ry = body
    color = _second(who)
    if who.pattern == "spotted":
        for dx, dy in ((-0.6, 0.25), (0.05, 0.45), (0.62, 0.1), (-0.25, -0.25), (0.35, -0.5)):
            brush.paint(Disc(x + dx * rx, y + dy * ry, 0.052, 0.05, color))
    elif who.pattern == "striped":
        for dy in (0.55, -0.02, -0.6):
            brush.paint(_band(body, dy, 0.031, color))
    elif who.pattern == "patched":
        brush.paint(Disc(x + 0.35 * rx, y - 0.2 * ry, 0.62 * rx, 0.6 * ry, color))


def _band(body: tuple[float, float, float, float], middle: float, half: float, color: RGB) -> Poly:
    """Cut a stripe of half-width `half` out of an ellipse; `middle` in [-1, 1] is its height."""
    x, y, rx, ry = body
    low, high = max(-0.97, middle - half / ry), min(0.97, middle + half / ry)
    rows = [(v, rx * math.sqrt(1.0 - v * v)) for v in (low, middle, high)]
    left = [(x - w, y + v * ry) for v, w in rows]
    return Poly([*left, *((x + w, y + v * ry) for v, w in reversed(rows))], color)


def _draw_head(brush: Brush, who: Identity, rig: Rig) -> None:
    color, second = COLORS[who.color], _second(who)
    x, y, rx, ry = rig.head
    if who.species != "dog":
        _draw_ears(brush, who, rig)
    brush.outlined(Disc(x, y, rx, ry, color))
    if who.pattern == "striped":
        brush.paint(_band(rig.head, 0.84, 0.026, second), _band(rig.head, 0.42, 0.026, second))
        for side in (-1, 1):
            cheek = [(x + side * rx * 0.95, y - 0.12 * ry), (x + side * rx * 0.6, y - 0.3 * ry)]
            brush.paint(Poly([*cheek, (x + side * rx * 0.85, y - 0.48 * ry)], second))
    elif who.pattern == "spotted":
        for dx, dy in ((-0.5, 0.62), (0.2, 0.72), (-0.78, -0.15), (0.72, -0.42)):
            brush.paint(Disc(x + dx * rx, y + dy * ry, 0.042, 0.04, second))
    elif who.pattern == "patched":
        ex, ey = rig.eyes[0]
        brush.paint(Disc(ex - 0.04 * rx, ey, 0.4 * rx, 0.48 * ry, second))
    if who.species == "dog":
        _draw_ears(brush, who, rig)


def _draw_ears(brush: Brush, who: Identity, rig: Rig) -> None:
    color, inner = COLORS[who.color], mix(COLORS[who.color], _ROSE, 0.55)
    x, y, rx, ry = rig.head
    e = 0.6 + 0.9 * who.ears
    for side in (-1, 1):
        shade = _second(who) if who.pattern == "patched" and side == -1 else color
        if who.species in ("cat", "fox"):
            tall, lean = (0.85, 0.95) if who.species == "fox" else (0.6, 0.85)
            tip = (x + side * lean * rx, y + ry * (0.75 + tall * e))
            base = ((x + side * 0.97 * rx, y + 0.2 * ry), (x + side * 0.18 * rx, y + 0.85 * ry))
            brush.outlined(Poly([base[0], tip, base[1]], shade))
            middle = (x + side * 0.6 * rx, y + 0.6 * ry)
            points = [_toward(p, middle, 0.35) for p in (base[0], tip, base[1])]
            brush.paint(Poly(points, inner))
            if who.species == "fox":
                points = [_toward(tip, base[0], 0.38), tip, _toward(tip, base[1], 0.38)]
                brush.paint(Poly(points, DARK))
        elif who.species == "bear":
            r = 0.3 * ry * (0.4 + 0.75 * e)
            ear = (x + side * 0.76 * rx, y + 0.76 * ry)
            brush.outlined(Disc(*ear, 1.25 * r, 1.25 * r, shade))
            brush.paint(Disc(*ear, 0.7 * r, 0.7 * r, inner))
        elif who.species == "rabbit":
            half = 0.68 * ry * e
            ear = (x + side * 0.42 * rx, y + 0.72 * ry + half)
            brush.outlined(Disc(*ear, 0.25 * ry, half, shade))
            brush.paint(Disc(*ear, 0.12 * ry, 0.75 * half, inner))
        elif who.species == "dog":
            dark = shade if who.pattern == "patched" else mix(color, DARK, 0.28)
            half = 0.55 * ry * e
            top = (x + side * 0.85 * rx, y + 0.55 * ry)
            end = (x + side * 1.12 * rx, y + 0.55 * ry - 1.3 * half)
            brush.outlined(
                Stroke([top, end], 0.21 * ry, dark), Disc(*end, 0.26 * ry, 0.3 * ry, dark)
            )
        elif side == 1:
            feathers = ((-0.35, 0.35), (-0.08, 0.55), (0.25, 0.42))
            root = (x, y + 0.85 * ry)
            brush.outlined(
                *(
                    Stroke([root, (x + dx * rx * e, root[1] + dy * ry * e)], 0.028, _second(who))
                    for dx, dy in feathers
                )
            )


def _toward(point: Point, target: Point, share: float) -> Point:
    """Move `share` of the way from `point` to `target`."""
    return (
        point[0] + share * (target[0] - point[0]),
        point[1] + share * (target[1] - point[1]),
    )


def _draw_face(brush: Brush, who: Identity, rig: Rig) -> None:
    _draw_muzzle(brush, who, rig)
    r = rig.eye
    for ex, ey in rig.eyes:
        if rig.pose == "sleeping":
            lid = [(ex - r, ey), (ex - 0.4 * r, ey - 0.6 * r), (ex + 0.4 * r, ey - 0.6 * r)]
            backdrop = Disc(ex, ey - 0.2 * r, 1.25 * r, 0.9 * r, _pale(COLORS[who.color]))
            brush.paint(backdrop, Stroke([*lid, (ex + r, ey)], 0.016, DARK))
            continue
        brush.paint(
            Disc(ex, ey, 1.22 * r, 1.35 * r, DARK),
            Disc(ex, ey, r, 1.12 * r, WHITE),
            Disc(ex + 0.12 * r, ey, 0.82 * r, 0.94 * r, _EYES[who.eye_color]),
            Disc(ex + 0.16 * r, ey, 0.4 * r, 0.5 * r, DARK),
            Disc(ex - 0.2 * r, ey + 0.42 * r, 0.3 * r, 0.3 * r, WHITE),
        )


def _draw_muzzle(brush: Brush, who: Identity, rig: Rig) -> None:
    x, y, rx, ry = rig.head
    fx = x + 0.17 * rx
    pale, open_mouth = _pale(COLORS[who.color]), rig.pose == "jumping"
    if who.species == "bird":
        gape = 0.72 if open_mouth else 0.6
        brush.outlined(
            Poly([(fx - 0.3 * rx, y - 0.2 * ry), (fx + 0.3 * rx, y - 0.2 * ry),
                  (fx + 0.08 * rx, y - gape * ry)], _BEAK)
        )  # fmt: skip
        return
    if who.species == "fox":
        for side in (-1, 1):
            out, jaw = (x + side * 0.93 * rx, y - 0.22 * ry), (x + side * 0.5 * rx, y - 0.84 * ry)
            brush.paint(Poly([(fx, y - 0.1 * ry), out, jaw, (fx, y - 0.95 * ry)], _CREAM))
    wide, tall = {
        "cat": (0.3, 0.2),
        "dog": (0.46, 0.4),
        "bear": (0.42, 0.34),
        "rabbit": (0.26, 0.2),
        "fox": (0.22, 0.2),
    }[who.species]
    my = y - 0.5 * ry
    brush.paint(Disc(fx, my, wide * rx, tall * ry, _CREAM if who.species == "fox" else pale))
    mouth = [
        (fx - 0.16 * rx, my - 0.13 * ry),
        (fx, my - 0.2 * ry),
        (fx + 0.16 * rx, my - 0.13 * ry),
    ]
    if open_mouth:
        brush.paint(Disc(fx, my - 0.18 * ry, 0.15 * rx, 0.16 * ry, (150, 40, 60)))
    else:
        brush.paint(Stroke(mouth, 0.008, DARK))
    big = {"dog": 0.17, "bear": 0.15}.get(who.species, 0.11)
    nose = _ROSE if who.species in ("cat", "rabbit") else DARK
    brush.paint(Disc(fx, my + 0.14 * ry, 1.2 * big * rx, big * ry, nose))
    if who.species == "dog" and not open_mouth:
        brush.paint(Disc(fx + 0.05 * rx, my - 0.32 * ry, 0.12 * rx, 0.16 * ry, _ROSE))
    elif who.species == "rabbit":
        w, top, low = 0.1 * rx, my - 0.1 * ry, my - 0.3 * ry
        brush.paint(Poly([(fx - w, top), (fx + w, top), (fx + w, low), (fx - w, low)], WHITE))
    elif who.species == "cat":
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
