"""What a reader tells of a picture, as words: its traits and the truth of a rendered scene.

Knows the drawn world. Does not know how a picture is read (`reader`) or what is asked of it.
"""

from collections.abc import Mapping
from typing import Final

from omnipersona.training.world.scene import (
    ACCESSORIES,
    COLORS,
    MAX_FIGURES,
    OBJECTS,
    PATTERNS,
    PLACES,
    POSES,
    SPECIES,
    Figure,
    Scene,
)

Reading = Mapping[str, str]

NONE: Final = "none"
_COLORS: Final = tuple(COLORS)

FIGURE_TRAITS: Final[dict[str, tuple[str, ...]]] = {
    "species": SPECIES,
    "color": _COLORS,
    "pattern": PATTERNS,
    "pattern color": (NONE, *_COLORS),
    "accessory": (NONE, *ACCESSORIES),
    "accessory color": (NONE, *_COLORS),
    "pose": POSES,
}


def of_figure(trait: str, index: int) -> str:
    """Return the name of a figure's trait, e.g. `species 0`; figures count from the left."""
    return f"{trait} {index}"


TRAITS: Final[dict[str, tuple[str, ...]]] = {
    "place": PLACES,
    "count": tuple(str(n) for n in range(MAX_FIGURES + 1)),
    "object": (NONE, *OBJECTS),
    "object color": (NONE, *_COLORS),
} | {
    of_figure(trait, i): words for i in range(MAX_FIGURES) for trait, words in FIGURE_TRAITS.items()
}


def traits_of_figure(index: int) -> tuple[str, ...]:
    """Return the names of all traits of one figure."""
    return tuple(of_figure(trait, index) for trait in FIGURE_TRAITS)


def place_of_figure(scene: Scene, index: int) -> int:
    """Return where figure `index` of a scene stands, counted from the left."""
    return sum(other.x < scene.figures[index].x for other in scene.figures)


def truth(scene: Scene) -> dict[str, str]:
    """Return the traits that a scene has; figures that are not there have none."""
    thing = scene.thing
    found = {
        "place": scene.place,
        "count": str(len(scene.figures)),
        "object": NONE if thing is None else thing.kind,
        "object color": NONE if thing is None else thing.color,
    }
    for i, figure in enumerate(sorted(scene.figures, key=lambda one: one.x)):
        found |= {of_figure(trait, i): word for trait, word in _figure_truth(figure).items()}
    return found


def _figure_truth(figure: Figure) -> dict[str, str]:
    identity, worn = figure.identity, figure.accessory
    return {
        "species": identity.species,
        "color": identity.color,
        "pattern": identity.pattern,
        "pattern color": identity.pattern_color or NONE,
        "accessory": NONE if worn is None else worn.kind,
        "accessory color": NONE if worn is None else worn.color,
        "pose": figure.pose,
    }
