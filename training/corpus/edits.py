"""Edits of a scene: an instruction and the scene after it.

The target is the same scene with exactly one thing changed, so its picture is the same everywhere
else. `slots` names figures that are known concepts.
"""

import random
from dataclasses import dataclass, replace
from typing import Final

from omnipersona.training.corpus import changes
from omnipersona.training.corpus.captions import Slots
from omnipersona.training.corpus.phrasing import Phrases, Split, typed
from omnipersona.training.corpus.words import (
    CANONICAL_PLACES,
    PLACE_NAMES,
    accessory_phrase,
    character_phrase,
    thing_phrase,
)
from omnipersona.training.world.scene import (
    COLORS,
    PLACES,
    Scene,
    Thing,
    sample_accessory,
    sample_figure,
    sample_identity,
    sample_thing,
    with_accessory,
    with_color,
    with_figure,
    with_place,
    with_thing,
    without_figure,
)

_CANONICAL: Final = 0.5
_NAMELESS: Final = 0.3

EDIT_KINDS: Final = ("remove", "add", "replace", "recolor", "background", "object", "accessory")


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """One instruction and its outcome; `figure` is the index that the edit is about, if any."""

    kind: str
    instruction: str
    source: Scene
    target: Scene
    figure: int | None = None


def _worded(phrases: Phrases, rng: random.Random, split: Split, **filling: str) -> str:
    """Return an instruction: in training half of the time as the agent writes it."""
    if split == "train" and rng.random() < _CANONICAL:
        return phrases.canonical(**filling)
    return phrases.pick(rng, split, **filling)


def _undressing(kind: str, who: str, rng: random.Random, split: Split) -> str:
    if rng.random() < _NAMELESS:
        return changes.UNDRESS_ANY.pick(rng, split, it=kind)
    return _worded(changes.UNDRESS, rng, split, it=kind, o=who, p=f"{who}'s")


def name_of(scene: Scene, index: int, slots: Slots) -> str:
    """Return how an instruction speaks of a figure: its slot or its species."""
    if index in slots:
        return slots[index]
    identity = scene.figures[index].identity
    same = [f for f in scene.figures if f.identity.species == identity.species]
    if len(same) == 1:
        return f"the {identity.species}"
    return f"the {'left' if index == 0 else 'right'} {identity.species}"


def _free_place(scene: Scene) -> float:
    if len(scene.figures) == 1:
        return 0.84 if scene.figures[0].x < 0.5 else 0.16
    return 0.5


def sample_edit(
    scene: Scene, slots: Slots, rng: random.Random, split: Split, kind: str | None = None
) -> Edit | None:
    """Return a random edit of a scene, or None where this kind does not apply.

    Args:
        scene: The source.
        slots: Figures that are known concepts.
        rng: Draws the kind and the wording.
        split: Which phrasings.
        kind: One of `EDIT_KINDS`; random by default.
    """
    kind = kind or rng.choice(EDIT_KINDS)
    makers = {
        "remove": _remove,
        "add": _add,
        "replace": _replace,
        "recolor": _recolor,
        "background": _background,
        "object": _object,
        "accessory": _accessory,
    }
    found = makers[kind](scene, slots, rng, split)
    if found is None:
        return None
    instruction, source, target, figure = found
    return Edit(
        kind=kind,
        instruction=typed(rng, instruction),
        source=source,
        target=target,
        figure=figure,
    )


_Found = tuple[str, Scene, Scene, int | None] | None


def _remove(scene: Scene, slots: Slots, rng: random.Random, split: Split) -> _Found:
    if not scene.figures:
        return None
    index = rng.randrange(len(scene.figures))
    it = name_of(scene, index, slots)
    return _worded(changes.REMOVE, rng, split, it=it), scene, without_figure(scene, index), index


def _add(scene: Scene, slots: Slots, rng: random.Random, split: Split) -> _Found:
    """Add a figure: the source is the same scene without one of its figures."""
    if not scene.figures:
        return None
    index = rng.randrange(len(scene.figures))
    figure = scene.figures[index]
    plain = replace(figure, accessory=None, pose="standing")
    target = with_figure(scene, plain, index)
    it = slots.get(index) or character_phrase(figure.identity, rng)
    return _worded(changes.ADD, rng, split, it=it), without_figure(target, index), target, index


def _replace(scene: Scene, slots: Slots, rng: random.Random, split: Split) -> _Found:
    if not scene.figures:
        return None
    index = rng.randrange(len(scene.figures))
    old = name_of(scene, index, slots)
    figure = scene.figures[index]
    other = replace(sample_figure(sample_identity(rng), rng, x=figure.x), size=figure.size)
    other = replace(other, facing=figure.facing, pose=figure.pose, accessory=figure.accessory)
    if index in slots and rng.random() < 0.5:
        instruction = _worded(
            changes.REPLACE, rng, split, old=f"the {other.identity.species}", new=slots[index]
        )
        return instruction, with_figure(scene, other, index), scene, index
    new = character_phrase(other.identity, rng)
    target = with_figure(scene, other, index)
    return _worded(changes.REPLACE, rng, split, old=old, new=new), scene, target, index


def _recolor(scene: Scene, slots: Slots, rng: random.Random, split: Split) -> _Found:
    if not scene.figures:
        return None
    index = rng.randrange(len(scene.figures))
    taken = (scene.figures[index].identity.color, scene.figures[index].identity.pattern_color)
    color = rng.choice([c for c in COLORS if c not in taken])
    it = name_of(scene, index, slots)
    instruction = _worded(changes.RECOLOR, rng, split, o=it, color=color)
    return instruction, scene, with_color(scene, index, color), index


def _background(scene: Scene, slots: Slots, rng: random.Random, split: Split) -> _Found:
    place = rng.choice([p for p in PLACES if p != scene.place])
    name = PLACE_NAMES[place]
    if scene.figures and rng.random() < 0.5:
        who = name_of(scene, 0, slots)
        to = "into the night" if place == "night" else f"to {name}"
        at = CANONICAL_PLACES[place]
        instruction = _worded(changes.MOVE, rng, split, o=who, to=to, at=at)
    else:
        instruction = _worded(changes.PLACE, rng, split, place=name)
    return instruction, scene, with_place(scene, place), None


def _object(scene: Scene, slots: Slots, rng: random.Random, split: Split) -> _Found:
    if scene.thing is None:
        if len(scene.figures) == 2:
            return None
        thing = sample_thing(rng, _free_place(scene))
        instruction = _worded(changes.ADD, rng, split, it=thing_phrase(thing))
        return instruction, scene, with_thing(scene, thing), None
    old = f"the {scene.thing.kind}"
    roll = rng.random()
    if roll < 0.35:
        return _worded(changes.REMOVE, rng, split, it=old), scene, with_thing(scene, None), None
    if roll < 0.65:
        return _new_thing(scene, old, rng, split)
    if roll < 0.85:
        color = rng.choice([c for c in COLORS if c != scene.thing.color])
        target = with_thing(scene, Thing(kind=scene.thing.kind, color=color, x=scene.thing.x))
        return _worded(changes.RECOLOR, rng, split, o=old, color=color), scene, target, None
    source = with_thing(scene, None)
    instruction = _worded(changes.ADD, rng, split, it=thing_phrase(scene.thing))
    return instruction, source, scene, None


def _new_thing(scene: Scene, old: str, rng: random.Random, split: Split) -> _Found:
    assert scene.thing is not None, "only a scene with an object can have it replaced"
    new = sample_thing(rng, scene.thing.x)
    while new.kind == scene.thing.kind:
        new = sample_thing(rng, scene.thing.x)
    instruction = _worded(changes.REPLACE, rng, split, old=old, new=thing_phrase(new))
    return instruction, scene, with_thing(scene, new), None


def _accessory(scene: Scene, slots: Slots, rng: random.Random, split: Split) -> _Found:
    if not scene.figures:
        return None
    index = rng.randrange(len(scene.figures))
    who = name_of(scene, index, slots)
    worn = scene.figures[index].accessory
    if worn is not None and rng.random() < 0.35:
        instruction = _undressing(worn.kind, who, rng, split)
        return instruction, scene, with_accessory(scene, index, None), index
    if worn is not None and rng.random() < 0.4:
        color = rng.choice([c for c in COLORS if c != worn.color])
        target = with_accessory(scene, index, replace(worn, color=color))
        instruction = _worded(changes.RECOLOR, rng, split, o=f"the {worn.kind}", color=color)
        return instruction, scene, target, index
    new = sample_accessory(rng)
    source = with_accessory(scene, index, None)
    instruction = _worded(changes.WEAR, rng, split, it=accessory_phrase(new), o=who)
    return instruction, source, with_accessory(source, index, new), index
