"""Where the parts of a posed figure are.

Knows poses and proportions, in units of a figure's height, x towards where it looks and y up from
the ground. Draws nothing.
"""

from dataclasses import dataclass
from typing import TypeAlias

from omnipersona.training.world.brush import Point
from omnipersona.training.world.scene import Figure

# Centre and half axes: (x, y, rx, ry).
Ellipse: TypeAlias = tuple[float, float, float, float]


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

    body: Ellipse
    head: Ellipse
    hands: tuple[Point, ...]
    feet: tuple[Point, ...]
    eyes: tuple[Point, Point]
    eye: float
    neck: tuple[Point, ...]
    pose: str


def pose_rig(figure: Figure) -> Rig:
    """Lay out the parts of `figure` for its pose and proportions."""
    who = figure.identity
    r = 0.18 + 0.12 * who.head
    hrx, hry = r * (1.02 if who.species in ("rabbit", "bird") else 1.12), r
    width = 0.11 + 0.15 * who.body + (0.02 if who.species == "bear" else 0.0)
    if figure.pose == "sleeping":
        body = (-0.11, 0.15 + 0.05 * who.body, 0.25 + 0.03 * who.body, 0.14 + 0.05 * who.body)
        head = (0.17, hry * 0.98, hrx, hry)
    else:
        lift = {"sitting": -0.12, "jumping": 0.15}.get(figure.pose, 0.0)
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
        eye=r * (0.15 + 0.19 * who.eyes),
        neck=_neck(figure.pose, body, head),
        pose=figure.pose,
    )


def _hands(pose: str, body: Ellipse, head: Ellipse) -> tuple[Point, ...]:
    _, y, rx, _ = body
    low, high = (rx + 0.045, y - 0.07), (max(rx, head[2]) + 0.1, head[1] + 0.1)
    if pose == "sleeping":
        return ()
    if pose == "sitting":
        return ((-0.6 * rx, y - 0.05), (0.6 * rx, y - 0.05))
    if pose == "jumping":
        return ((-high[0], high[1]), high)
    return ((-low[0], low[1]), high if pose == "waving" else low)


def _feet(pose: str, body: Ellipse) -> tuple[Point, ...]:
    x, y, rx, ry = body
    if pose == "sleeping":
        return ((x - 0.6 * rx, 0.045),)
    if pose == "sitting":
        return ((-0.85 * rx - 0.02, 0.07), (0.85 * rx + 0.02, 0.07))
    if pose == "jumping":
        return ((-0.75 * rx - 0.05, y - ry - 0.03), (0.75 * rx + 0.05, y - ry - 0.03))
    return ((-0.55 * rx, 0.04), (0.55 * rx, 0.04))


def _neck(pose: str, body: Ellipse, head: Ellipse) -> tuple[Point, ...]:
    x, y, rx, ry = head
    if pose == "sleeping":
        return ((x - 0.75 * rx, y + 0.75 * ry), (x - 1.05 * rx, y), (x - 0.85 * rx, y - 0.6 * ry))
    w = min(0.9 * body[2] + 0.02, 0.8 * rx)
    top = y - 0.93 * ry
    return ((-w, top + 0.03), (-0.5 * w, top - 0.005), (0.5 * w, top - 0.005), (w, top + 0.03))
