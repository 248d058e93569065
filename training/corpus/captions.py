"""A scene as a caption: what a person would ask to be drawn, or say of a picture.

`slots` names figures that are known concepts; all others are described by their looks.
"""

import random
from collections.abc import Mapping
from typing import Final

from omnipersona.training.corpus.phrasing import Split, read_phrases, typed
from omnipersona.training.corpus.words import (
    CANONICAL_PLACES,
    PLACE_PHRASES,
    accessory_phrase,
    character_phrase,
    figure_phrase,
    thing_phrase,
)
from omnipersona.training.world.scene import Scene

Slots = Mapping[int, str]

_SAID: Final = read_phrases("captions")
_WITH_THING: Final = _SAID["with thing"]
_ALONE: Final = _SAID["alone"]
_WHOLE: Final = _SAID["whole"]
_EMPTY: Final = _SAID["empty"]


def canonical_caption(scene: Scene, slots: Slots) -> str:
    """Return the one form that rewritten prompts have, e.g. `<c0> with a red ball at the beach`."""
    parts = []
    for i, figure in enumerate(scene.figures):
        part = slots.get(i) or character_phrase(figure.identity)
        if figure.accessory is not None:
            part += f" wearing {accessory_phrase(figure.accessory)}"
        if figure.pose != "standing":
            part += f" {figure.pose}"
        parts.append(part)
    caption = " and ".join(parts)
    if scene.thing is not None:
        thing = thing_phrase(scene.thing)
        caption = f"{caption} with {thing}" if caption else thing
    return f"{caption} {CANONICAL_PLACES[scene.place]}".strip()


def free_caption(scene: Scene, slots: Slots, rng: random.Random, split: Split) -> str:
    """Return one of many wordings; details may be left out, never invented."""
    parts = [
        figure_phrase(figure, slots.get(i) or character_phrase(figure.identity, rng), rng, split)
        for i, figure in enumerate(scene.figures)
    ]
    caption = " and ".join(parts)
    place = PLACE_PHRASES[scene.place].pick(rng, split)
    if scene.thing is not None and rng.random() < 0.9:
        thing = thing_phrase(scene.thing)
        if caption:
            caption = _WITH_THING.pick(rng, split, who=caption, it=thing)
        else:
            caption = _ALONE.pick(rng, split, it=thing)
    if not caption:
        return typed(rng, _EMPTY.pick(rng, split, place=place))
    if rng.random() < 0.06:
        return typed(rng, caption)
    return typed(rng, _WHOLE.pick(rng, split, scene=caption, place=place))


def short_caption(scene: Scene, slots: Slots, rng: random.Random) -> str:
    """Return a wish as short as people write them: who, and one detail at most."""
    who = [
        slots.get(i) or character_phrase(figure.identity, rng)
        for i, figure in enumerate(scene.figures)
    ]
    details = [CANONICAL_PLACES[scene.place], ""]
    if scene.thing is not None:
        details.append(f"with {thing_phrase(scene.thing)}" if who else thing_phrase(scene.thing))
    if len(scene.figures) == 1:
        figure = scene.figures[0]
        if figure.accessory is not None:
            details.append(f"wearing {accessory_phrase(figure.accessory)}")
        if figure.pose != "standing":
            details.append(figure.pose)
    detail = rng.choice(details) if who else details[0]
    return typed(rng, f"{' and '.join(who)} {detail}".strip())


def caption(scene: Scene, slots: Slots, rng: random.Random, split: Split) -> str:
    """Return a canonical caption half of the time, else a free one or a short one."""
    roll = rng.random()
    if roll < 0.5:
        return canonical_caption(scene, slots)
    if roll < 0.8:
        return free_caption(scene, slots, rng, split)
    return short_caption(scene, slots, rng)
