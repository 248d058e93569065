"""The drawn world as data: what a picture can hold, how to draw lots for it, how to edit it.

Knows the vocabulary, the ranges of every trait and the layout of a picture. Does not know how
anything looks (`render`) or how it is put into words.
"""

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final, Literal

SPECIES: Final = ("cat", "dog", "bear", "rabbit", "fox", "bird")
COLORS: Final[dict[str, tuple[int, int, int]]] = {
    "red": (220, 40, 44),
    "orange": (250, 140, 30),
    "yellow": (252, 220, 60),
    "green": (76, 180, 66),
    "teal": (22, 172, 170),
    "blue": (46, 96, 226),
    "purple": (138, 66, 200),
    "pink": (252, 152, 200),
    "brown": (134, 82, 46),
    "black": (42, 40, 50),
    "white": (250, 250, 248),
    "gray": (150, 152, 160),
}
PATTERNS: Final = ("plain", "spotted", "striped", "patched")
ACCESSORIES: Final = ("hat", "scarf", "bow", "glasses", "crown")
PLACES: Final = ("meadow", "beach", "snow", "night", "city", "forest", "desert", "room")
OBJECTS: Final = ("ball", "star", "kite", "boat", "car", "cup", "book", "flower")
POSES: Final = ("standing", "sitting", "jumping", "waving", "sleeping")
EYE_COLORS: Final = ("black", "blue", "green", "brown", "purple")
PROPORTIONS: Final = ("body", "head", "ears", "eyes", "tail")
FACINGS: Final = ("left", "right")
MAX_FIGURES: Final = 2

Facing = Literal["left", "right"]

# Centres of one figure and its object, and of two figures and theirs, as shares of the width.
_ONE_WITH_THING: Final = ((0.35, 0.84), (0.65, 0.16))
_TWO_WITH_THING: Final = ((0.19, 0.56, 0.87), (0.44, 0.81, 0.13), (0.2, 0.8, 0.5))
_TWO_ALONE: Final = (0.27, 0.73)


def _check_word(field: str, value: str, words: Sequence[str]) -> None:
    if value not in words:
        raise ValueError(f"{field} is {value!r}; choose one of {', '.join(words)}")


def _check_share(field: str, value: float) -> None:
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{field} is {value}; it must lie in [0, 1]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Everything that stays the same about a character from picture to picture.

    Attributes:
        species, color, pattern, eye_color: Words of the vocabulary.
        pattern_color: Second colour, never the first; None if and only if the pattern is plain.
        body, head, ears, eyes, tail: Proportions in [0, 1], from the smallest to the largest.
    Raises: ValueError: a word is unknown, a proportion out of range, or the pattern colour unfit.
    """

    species: str
    color: str
    pattern: str
    pattern_color: str | None
    eye_color: str
    body: float
    head: float
    ears: float
    eyes: float
    tail: float

    def __post_init__(self) -> None:
        _check_word("species", self.species, SPECIES)
        _check_word("color", self.color, tuple(COLORS))
        _check_word("pattern", self.pattern, PATTERNS)
        _check_word("eye_color", self.eye_color, EYE_COLORS)
        if (self.pattern == "plain") != (self.pattern_color is None):
            raise ValueError(
                f"pattern is {self.pattern!r} with pattern_color {self.pattern_color!r}; "
                "give a pattern colour exactly when the pattern is not plain"
            )
        if self.pattern_color is not None:
            _check_word("pattern_color", self.pattern_color, tuple(COLORS))
        if self.pattern_color == self.color:
            raise ValueError(f"color and pattern_color are both {self.color!r}; choose two colours")
        for name in PROPORTIONS:
            _check_share(name, getattr(self, name))


@dataclass(frozen=True, kw_only=True, slots=True)
class Accessory:
    """Something a figure wears."""

    kind: str
    color: str

    def __post_init__(self) -> None:
        _check_word("kind", self.kind, ACCESSORIES)
        _check_word("color", self.color, tuple(COLORS))


@dataclass(frozen=True, kw_only=True, slots=True)
class Thing:
    """An object beside the figures; `x` is its centre as a share of the width."""

    kind: str
    color: str
    x: float

    def __post_init__(self) -> None:
        _check_word("kind", self.kind, OBJECTS)
        _check_word("color", self.color, tuple(COLORS))
        _check_share("x", self.x)


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A character in one picture.

    Attributes:
        identity: Who it is.
        x: Centre as a share of the width.
        size: 0 is far and small, 1 is near and large.
        facing: Where it looks; the tail is on the other side.
        pose: One of `POSES`.
        accessory: What it wears, if anything.
    """

    identity: Identity
    x: float
    size: float
    facing: Facing
    pose: str
    accessory: Accessory | None

    def __post_init__(self) -> None:
        _check_share("x", self.x)
        _check_share("size", self.size)
        _check_word("facing", self.facing, FACINGS)
        _check_word("pose", self.pose, POSES)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """One picture; `seed` decides the decorations of the place and nothing else."""

    place: str
    figures: tuple[Figure, ...]
    thing: Thing | None
    seed: int

    def __post_init__(self) -> None:
        _check_word("place", self.place, PLACES)
        if len(self.figures) > MAX_FIGURES:
            raise ValueError(
                f"the scene has {len(self.figures)} figures; it holds at most {MAX_FIGURES}"
            )


def _other(rng: random.Random, words: Sequence[str], *taken: str | None) -> str:
    """Draw a word that is not among `taken`."""
    return rng.choice([word for word in words if word not in taken])


def sample_identity(rng: random.Random) -> Identity:
    """Draw a character, every trait uniform over its range."""
    color = rng.choice(tuple(COLORS))
    pattern = rng.choice(PATTERNS)
    return Identity(
        species=rng.choice(SPECIES),
        color=color,
        pattern=pattern,
        pattern_color=None if pattern == "plain" else _other(rng, tuple(COLORS), color),
        eye_color=rng.choice(EYE_COLORS),
        body=rng.random(),
        head=rng.random(),
        ears=rng.random(),
        eyes=rng.random(),
        tail=rng.random(),
    )


def _vary(identity: Identity, trait: str, rng: random.Random) -> Identity:
    """Change one visible trait of `identity`."""
    if trait == "species":
        return replace(identity, species=_other(rng, SPECIES, identity.species))
    if trait == "color":
        taken = (identity.color, identity.pattern_color)
        return replace(identity, color=_other(rng, tuple(COLORS), *taken))
    if trait == "pattern_color" and identity.pattern_color is not None:
        taken = (identity.color, identity.pattern_color)
        return replace(identity, pattern_color=_other(rng, tuple(COLORS), *taken))
    if trait == "eye_color":
        return replace(identity, eye_color=_other(rng, EYE_COLORS, identity.eye_color))
    if trait in PROPORTIONS:
        old = float(getattr(identity, trait))
        jump = rng.uniform(0.5, max(old, 1.0 - old))
        new = old - jump if old >= 0.5 else old + jump
        return replace(identity, **(asdict(identity) | {trait: min(1.0, max(0.0, new))}))
    pattern = _other(rng, PATTERNS, identity.pattern)
    second = None if pattern == "plain" else identity.pattern_color
    if pattern != "plain" and second is None:
        second = _other(rng, tuple(COLORS), identity.color)
    return replace(identity, pattern=pattern, pattern_color=second)


def look_alike(identity: Identity, rng: random.Random) -> Identity:
    """Draw a character that differs from `identity` in one or two visible traits.

    A proportion jumps by at least half of its range. The hard negative of recognition.
    """
    traits = ["species", "color", "pattern", "eye_color", "body", "head", "ears", "eyes", "tail"]
    if identity.pattern_color is not None:
        traits.append("pattern_color")
    first, second = rng.sample(traits, 2)
    changed = _vary(identity, first, rng)
    # Pattern and its colour together count as one trait: varying both could undo each other.
    together = {first, second} == {"pattern", "pattern_color"}
    return changed if together or rng.random() < 0.5 else _vary(changed, second, rng)


def sample_accessory(rng: random.Random) -> Accessory:
    """Draw an accessory of any colour."""
    return Accessory(kind=rng.choice(ACCESSORIES), color=rng.choice(tuple(COLORS)))


def sample_thing(rng: random.Random, x: float) -> Thing:
    """Draw an object of any colour, centred at `x`."""
    return Thing(kind=rng.choice(OBJECTS), color=rng.choice(tuple(COLORS)), x=x)


def sample_figure(identity: Identity, rng: random.Random, *, x: float | None = None) -> Figure:
    """Draw how `identity` appears in a picture: standing in 2 of 5, wearing something in 1 of 2."""
    return Figure(
        identity=identity,
        x=rng.uniform(0.35, 0.65) if x is None else x,
        size=rng.random(),
        facing=rng.choice(("left", "right")),
        pose="standing" if rng.random() < 0.4 else _other(rng, POSES, "standing"),
        accessory=sample_accessory(rng) if rng.random() < 0.5 else None,
    )


def _layout(rng: random.Random, num_figures: int, has_thing: bool) -> tuple[list[float], float]:
    """Choose the centres of the figures and of the object."""
    if num_figures == 2 and has_thing:
        left, right, thing = rng.choice(_TWO_WITH_THING)
        return [left, right], thing
    if num_figures == 2:
        return [x + rng.uniform(-0.03, 0.03) for x in _TWO_ALONE], 0.5
    if num_figures == 1 and has_thing:
        figure, thing = rng.choice(_ONE_WITH_THING)
        return [figure + rng.uniform(-0.04, 0.04)], thing + rng.uniform(-0.02, 0.02)
    if num_figures == 1:
        return [rng.uniform(0.34, 0.66)], 0.5
    return [], rng.uniform(0.25, 0.75)


def _side_by_side(figures: list[Figure], has_thing: bool) -> list[Figure]:
    """Make room for two: smaller, sleepers with their heads to the middle, one beside an object."""
    left, right = (
        replace(figure, size=figure.size * (0.1 if has_thing else 0.35)) for figure in figures
    )
    if left.pose == "sleeping":
        left = replace(left, facing="right")
    if right.pose == "sleeping":
        crowded = has_thing and left.pose == "sleeping"
        right = replace(right, facing="left", pose="sitting" if crowded else "sleeping")
    return [left, right]


def sample_scene(
    rng: random.Random, identities: Sequence[Identity], *, place: str | None = None
) -> Scene:
    """Draw a picture of up to two characters, left to right, with an object in 1 of 2.

    Two figures are drawn smaller than one, so that they stand side by side.

    Raises: ValueError: more than two identities, or an unknown place.
    """
    if len(identities) > MAX_FIGURES:
        raise ValueError(f"{len(identities)} identities; a scene holds at most {MAX_FIGURES}")
    has_thing = rng.random() < 0.5
    xs, thing_x = _layout(rng, len(identities), has_thing)
    figures = [sample_figure(one, rng, x=x) for one, x in zip(identities, xs, strict=True)]
    if len(figures) == 2:
        figures = _side_by_side(figures, has_thing)
    return Scene(
        place=rng.choice(PLACES) if place is None else place,
        figures=tuple(figures),
        thing=sample_thing(rng, thing_x) if has_thing else None,
        seed=rng.getrandbits(32),
    )


def _figure_at(scene: Scene, index: int) -> Figure:
    if not 0 <= index < len(scene.figures):
        raise ValueError(f"figure {index} of a scene with {len(scene.figures)}; count from 0")
    return scene.figures[index]


def _put(scene: Scene, index: int, figure: Figure) -> Scene:
    figures = (*scene.figures[:index], figure, *scene.figures[index + 1 :])
    return replace(scene, figures=figures)


def without_figure(scene: Scene, index: int) -> Scene:
    """Take figure `index` out; the others stay where they are."""
    _figure_at(scene, index)
    return replace(scene, figures=scene.figures[:index] + scene.figures[index + 1 :])


def with_figure(scene: Scene, figure: Figure, index: int | None) -> Scene:
    """Put `figure` in place of figure `index`, or add it when `index` is None."""
    if index is None:
        return replace(scene, figures=(*scene.figures, figure))
    _figure_at(scene, index)
    return _put(scene, index, figure)


def with_accessory(scene: Scene, index: int, accessory: Accessory | None) -> Scene:
    """Dress figure `index` in `accessory`, or take off what it wears."""
    return _put(scene, index, replace(_figure_at(scene, index), accessory=accessory))


def with_color(scene: Scene, index: int, color: str) -> Scene:
    """Recolour figure `index`; a pattern of that very colour takes the old body colour."""
    figure = _figure_at(scene, index)
    old = figure.identity
    second = old.color if old.pattern_color == color else old.pattern_color
    return _put(
        scene,
        index,
        replace(figure, identity=replace(old, color=color, pattern_color=second)),
    )


def with_place(scene: Scene, place: str) -> Scene:
    """Move the picture to `place`."""
    return replace(scene, place=place)


def with_thing(scene: Scene, thing: Thing | None) -> Scene:
    """Put `thing` into the picture in place of its object, or take the object away."""
    return replace(scene, thing=thing)
