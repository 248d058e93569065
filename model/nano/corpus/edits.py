"""Edits of a scene: an instruction and the scene after it.

The target is the same scene with exactly one thing changed, so its picture is the same everywhere
else. `slots` names figures that are known concepts.
"""

import random
from dataclasses import dataclass, replace
from typing import Final

from omnipersona.model.nano.corpus.captions import Slots
from omnipersona.model.nano.corpus.phrasing import Phrases, Split, typed
from omnipersona.model.nano.corpus.words import (
    PLACE_NAMES,
    accessory_phrase,
    character_phrase,
    thing_phrase,
)
from omnipersona.model.nano.world import (
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

EDIT_KINDS: Final = ("remove", "add", "replace", "recolor", "background", "object", "accessory")


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """One instruction and its outcome; `figure` is the index that the edit is about, if any."""

    kind: str
    instruction: str
    source: Scene
    target: Scene
    figure: int | None = None


_REMOVE = Phrases(
    "remove {it}",
    "take {it} out",
    "take {it} out of this picture",
    "delete {it}",
    "erase {it}",
    "get rid of {it}",
    "the same picture without {it}",
    "make {it} disappear",
)
_ADD_THING = Phrases(
    "add {it}",
    "put {it} there",
    "place {it} beside",
    "insert {it}",
    "give {it}",
    "i want {it} in it",
)
_ADD_FIGURE = Phrases(
    "add {it}", "put {it} next to it", "let {it} join", "insert {it}", "{it} should be there too"
)
_REPLACE = Phrases(
    "replace {old} with {new}",
    "swap {old} for {new}",
    "change {old} to {new}",
    "turn {old} into {new}",
    "exchange {old} for {new}",
    "instead of {old} show {new}",
)
_RECOLOR = Phrases(
    "make {it} {color}",
    "paint {it} {color}",
    "color {it} {color}",
    "turn {it} {color}",
    "change the color of {it} to {color}",
    "{it} should be {color}",
)
_BACKGROUND = Phrases(
    "change the place to {place}",
    "move it to {place}",
    "put it in {place}",
    "set the background to {place}",
    "make the background {place}",
    "replace the background with {place}",
)
_WEAR = Phrases(
    "put {it} on {who}",
    "give {who} {it}",
    "dress {who} in {it}",
    "let {who} wear {it}",
    "add {it} to {who}",
    "{who} should wear {it}",
)
_UNDRESS = Phrases(
    "take off the {kind} of {who}",
    "remove the {kind}",
    "take off the {kind}",
    "{who} without the {kind}",
)


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
    return _REMOVE.pick(rng, split, it=it), scene, without_figure(scene, index), index


def _add(scene: Scene, slots: Slots, rng: random.Random, split: Split) -> _Found:
    """Add a figure: the source is the same scene without one of its figures."""
    if not scene.figures:
        return None
    index = rng.randrange(len(scene.figures))
    figure = scene.figures[index]
    plain = replace(figure, accessory=None, pose="standing")
    target = with_figure(scene, plain, index)
    it = slots.get(index) or character_phrase(figure.identity, rng)
    return _ADD_FIGURE.pick(rng, split, it=it), without_figure(target, index), target, index


def _replace(scene: Scene, slots: Slots, rng: random.Random, split: Split) -> _Found:
    if not scene.figures:
        return None
    index = rng.randrange(len(scene.figures))
    old = name_of(scene, index, slots)
    figure = scene.figures[index]
    other = replace(sample_figure(sample_identity(rng), rng, x=figure.x), size=figure.size)
    other = replace(other, facing=figure.facing, pose=figure.pose, accessory=figure.accessory)
    if index in slots and rng.random() < 0.5:
        instruction = _REPLACE.pick(
            rng, split, old=f"the {other.identity.species}", new=slots[index]
        )
        return instruction, with_figure(scene, other, index), scene, index
    new = character_phrase(other.identity, rng)
    target = with_figure(scene, other, index)
    return _REPLACE.pick(rng, split, old=old, new=new), scene, target, index


def _recolor(scene: Scene, slots: Slots, rng: random.Random, split: Split) -> _Found:
    if not scene.figures:
        return None
    index = rng.randrange(len(scene.figures))
    taken = (scene.figures[index].identity.color, scene.figures[index].identity.pattern_color)
    color = rng.choice([c for c in COLORS if c not in taken])
    it = name_of(scene, index, slots)
    instruction = _RECOLOR.pick(rng, split, it=it, color=color)
    return instruction, scene, with_color(scene, index, color), index


def _background(scene: Scene, slots: Slots, rng: random.Random, split: Split) -> _Found:
    place = rng.choice([p for p in PLACES if p != scene.place])
    name = PLACE_NAMES[place]
    if scene.figures and rng.random() < 0.5:
        who = name_of(scene, 0, slots)
        instruction = rng.choice((f"move {who} to {name}", f"put {who} in {name}"))
    else:
        instruction = _BACKGROUND.pick(rng, split, place=name)
    return instruction, scene, with_place(scene, place), None


def _object(scene: Scene, slots: Slots, rng: random.Random, split: Split) -> _Found:
    if scene.thing is None:
        if len(scene.figures) == 2:
            return None
        thing = sample_thing(rng, _free_place(scene))
        instruction = _ADD_THING.pick(rng, split, it=thing_phrase(thing))
        return instruction, scene, with_thing(scene, thing), None
    old = f"the {scene.thing.kind}"
    roll = rng.random()
    if roll < 0.35:
        return _REMOVE.pick(rng, split, it=old), scene, with_thing(scene, None), None
    if roll < 0.65:
        return _new_thing(scene, old, rng, split)
    if roll < 0.85:
        color = rng.choice([c for c in COLORS if c != scene.thing.color])
        target = with_thing(scene, Thing(kind=scene.thing.kind, color=color, x=scene.thing.x))
        return _RECOLOR.pick(rng, split, it=old, color=color), scene, target, None
    source = with_thing(scene, None)
    instruction = _ADD_THING.pick(rng, split, it=thing_phrase(scene.thing))
    return instruction, source, scene, None


def _new_thing(scene: Scene, old: str, rng: random.Random, split: Split) -> _Found:
    assert scene.thing is not None, "only a scene with an object can have it replaced"
    new = sample_thing(rng, scene.thing.x)
    while new.kind == scene.thing.kind:
        new = sample_thing(rng, scene.thing.x)
    instruction = _REPLACE.pick(rng, split, old=old, new=thing_phrase(new))
    return instruction, scene, with_thing(scene, new), None


def _accessory(scene: Scene, slots: Slots, rng: random.Random, split: Split) -> _Found:
    if not scene.figures:
        return None
    index = rng.randrange(len(scene.figures))
    who = name_of(scene, index, slots)
    worn = scene.figures[index].accessory
    if worn is not None and rng.random() < 0.35:
        instruction = _UNDRESS.pick(rng, split, kind=worn.kind, who=who)
        return instruction, scene, with_accessory(scene, index, None), index
    if worn is not None and rng.random() < 0.4:
        color = rng.choice([c for c in COLORS if c != worn.color])
        target = with_accessory(scene, index, replace(worn, color=color))
        instruction = _RECOLOR.pick(rng, split, it=f"the {worn.kind}", color=color)
        return instruction, scene, target, index
    new = sample_accessory(rng)
    source = with_accessory(scene, index, None)
    instruction = _WEAR.pick(rng, split, it=accessory_phrase(new), who=who)
    return instruction, source, with_accessory(source, index, new), index
