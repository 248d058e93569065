"""Requests to change a picture: the user's words, what must be looked up, the canonical form.

Knows the changes that nano can make, and what it cannot. Does not know task formats.
"""

import random
from collections.abc import Callable
from typing import Final

from omnipersona.model.contract import MAX_CONCEPTS, slot
from omnipersona.training.corpus import changes
from omnipersona.training.corpus.dialogue.cast import Someone
from omnipersona.training.corpus.dialogue.drawing import Lookup, Request
from omnipersona.training.corpus.dialogue.outside import (
    outside_action,
    outside_clothes,
    outside_place,
    outside_style,
    outside_thing,
)
from omnipersona.training.corpus.dialogue.spelling import spelled
from omnipersona.training.corpus.facts import sample_fact
from omnipersona.training.corpus.phrasing import Split, read_phrases
from omnipersona.training.corpus.words import (
    CANONICAL_PLACES,
    PLACE_NAMES,
    accessory_phrase,
    character_phrase,
    random_color,
    random_species,
    thing_phrase,
)
from omnipersona.training.world.scene import (
    ACCESSORIES,
    OBJECTS,
    PLACES,
    sample_accessory,
    sample_identity,
    sample_thing,
)

_SAID: Final = read_phrases("editing")
_FRAMES: Final = _SAID["frames"]

_STRANGERS: Final = tuple(slot(i) for i in range(MAX_CONCEPTS))
_COUNTED: Final = ("meadow", "beach", "city", "forest", "desert", "room")

_Made = tuple[str, str, tuple[str, ...], tuple[Lookup, ...]]
_Maker = Callable[[random.Random, Split, tuple[Someone, ...]], _Made]


def sample_editing(
    rng: random.Random, split: Split, cast: tuple[Someone, ...], *, outside: bool = False
) -> Request:
    """Draw a wish to change a picture.

    Args:
        rng: Draws.
        split: Which phrasings.
        cast: 0 to 2 concepts that may be in it; not all of them need to be spoken of.
        outside: Ask for a change that nano cannot make.
    """
    makers = _MAKERS if cast else _NAMELESS
    maker = _foreign if outside else rng.choices(*zip(*makers, strict=True))[0]
    text, canonical, slots, lookups = maker(rng, split, cast)
    return Request(
        message=spelled(rng, _FRAMES.pick(rng, split, x=text)),
        canonical=canonical,
        slots=slots,
        lookups=lookups,
    )


def _subject(
    rng: random.Random, cast: tuple[Someone, ...]
) -> tuple[str, str, str, tuple[str, ...]]:
    """Return (object, possessive, canonical name, slots) of a figure in the picture."""
    if cast and rng.random() < 0.75:
        one = cast[0]
        return one.first.object, one.first.possessive, one.slot, (one.slot,)
    species = random_species(rng)
    name = (
        f"the {species}" if rng.random() < 0.8 else f"the {rng.choice(('left', 'right'))} {species}"
    )
    return name, f"{name}'s", name, ()


def _remove(rng: random.Random, split: Split, cast: tuple[Someone, ...]) -> _Made:
    said, _, name, slots = _subject(rng, cast)
    return changes.REMOVE.pick(rng, split, it=said), f"remove {name}", slots, ()


def _remove_thing(rng: random.Random, split: Split, cast: tuple[Someone, ...]) -> _Made:
    noun = f"the {rng.choice(OBJECTS)}"
    return changes.REMOVE.pick(rng, split, it=noun), f"remove {noun}", (), ()


def _add_thing(rng: random.Random, split: Split, cast: tuple[Someone, ...]) -> _Made:
    it = thing_phrase(sample_thing(rng, 0.5))
    if rng.random() < 0.5:
        return changes.ADD.pick(rng, split, it=it), f"add {it}", (), ()
    said, _, _, slots = _subject(rng, cast)
    return changes.GIVE.pick(rng, split, it=it, o=said), f"add {it}", slots, ()


def _add_figure(rng: random.Random, split: Split, cast: tuple[Someone, ...]) -> _Made:
    if cast and rng.random() < 0.7:
        one = cast[0]
        return changes.ADD.pick(rng, split, it=one.first.object), f"add {one.slot}", (one.slot,), ()
    it = character_phrase(sample_identity(rng), rng)
    return changes.ADD.pick(rng, split, it=it), f"add {it}", (), ()


def _wear(rng: random.Random, split: Split, cast: tuple[Someone, ...]) -> _Made:
    it = accessory_phrase(sample_accessory(rng))
    said, _, name, slots = _subject(rng, cast)
    return changes.WEAR.pick(rng, split, it=it, o=said), f"put {it} on {name}", slots, ()


def _undress(rng: random.Random, split: Split, cast: tuple[Someone, ...]) -> _Made:
    kind = rng.choice(ACCESSORIES)
    if rng.random() < 0.4:
        return changes.UNDRESS_ANY.pick(rng, split, it=kind), f"take off the {kind}", (), ()
    said, own, name, slots = _subject(rng, cast)
    text = changes.UNDRESS.pick(rng, split, it=kind, o=said, p=own)
    return text, f"take off the {kind} of {name}", slots, ()


def _recolor(rng: random.Random, split: Split, cast: tuple[Someone, ...]) -> _Made:
    color = random_color(rng)
    if rng.random() < 0.4:
        said = name = f"the {rng.choice((*OBJECTS, *ACCESSORIES))}"
        slots: tuple[str, ...] = ()
    else:
        said, _, name, slots = _subject(rng, cast)
    return changes.RECOLOR.pick(rng, split, o=said, color=color), f"make {name} {color}", slots, ()


def _place(rng: random.Random, split: Split, cast: tuple[Someone, ...]) -> _Made:
    place = rng.choice(PLACES)
    name = PLACE_NAMES[place]
    canonical = f"change the place to {name}"
    if rng.random() < 0.45:
        if rng.random() < 0.3:
            text = changes.SAME.pick(rng, split, at=CANONICAL_PLACES[place])
            return text, canonical, (), ()
        said_name = (
            rng.choice((name, name, name.replace("the ", "a "))) if place in _COUNTED else name
        )
        return changes.PLACE.pick(rng, split, place=said_name), canonical, (), ()
    said, _, _, slots = _subject(rng, cast)
    if rng.random() < 0.3:
        said, slots = rng.choice(("it", "everything", "the scene")), ()
    to = "into the night" if place == "night" else f"to {name}"
    text = changes.MOVE.pick(rng, split, o=said, to=to, at=CANONICAL_PLACES[place])
    return text, canonical, slots, ()


def _replace_thing(rng: random.Random, split: Split, cast: tuple[Someone, ...]) -> _Made:
    old = f"the {rng.choice(OBJECTS)}"
    new = thing_phrase(sample_thing(rng, 0.5))
    return changes.REPLACE.pick(rng, split, old=old, new=new), f"replace {old} with {new}", (), ()


def _replace_figure(rng: random.Random, split: Split, cast: tuple[Someone, ...]) -> _Made:
    said, _, name, slots = _subject(rng, cast)
    other = cast[1] if len(cast) > 1 and slots else None
    if cast and not slots:
        other = cast[0]
    if other is None:
        new = new_name = character_phrase(sample_identity(rng), rng)
    else:
        new, new_name = other.first.object, other.slot
        slots = (*slots, other.slot)
    text = changes.REPLACE.pick(rng, split, old=said, new=new)
    return text, f"replace {name} with {new_name}", slots, ()


def _from_memory(rng: random.Random, split: Split, cast: tuple[Someone, ...]) -> _Made:
    """Ask for something that only memory knows."""
    one = cast[0]
    words = one.first
    attribute = rng.choice(("toy", "toy", "home", "clothes", "friend", "color"))
    # A friend may be a concept that the message does not name.
    fact = sample_fact(rng, attribute, (rng.choice([s for s in _STRANGERS if s != one.slot]),))
    filling = words.filling()
    # "give <c0> his toy" says the owner by a pronoun; "add <c0>'s toy" names it.
    own = one.later.possessive if words.subject != "it" else words.possessive
    lookup = Lookup(slot=one.slot, attribute=attribute, value=fact.value)
    made: tuple[str, str]
    if attribute == "home":
        text = changes.MOVE_HOME.pick(rng, split, **filling)
        made = (text, f"change the place to {fact.value}")
    elif attribute == "clothes":
        what = rng.choice(("clothes", "favourite clothes", "favorite clothes", "usual outfit"))
        text = changes.WEAR.pick(rng, split, it=f"{own} {what}", o=words.object)
        made = (text, f"put {fact.value} on {one.slot}")
    elif attribute == "color":
        noun = rng.choice((*OBJECTS, *ACCESSORIES))
        what = rng.choice(("favourite color", "favorite color", "favourite colour"))
        text = changes.RECOLOR.pick(rng, split, o=f"the {noun}", color=f"{words.possessive} {what}")
        made = (text, f"make the {noun} {fact.value}")
    else:
        what = rng.choice(("", "favourite ", "favorite ") if attribute == "toy" else ("", "best "))
        is_given = attribute == "toy" and rng.random() < 0.7
        group = changes.GIVE if is_given else changes.ADD
        it = f"{own if is_given else words.possessive} {what}{attribute}"
        made = (group.pick(rng, split, it=it, o=words.object), f"add {fact.value}")
    return (*made, (one.slot,), (lookup,))


def _foreign(rng: random.Random, split: Split, cast: tuple[Someone, ...]) -> _Made:
    """Ask for what the world does not hold."""
    said, _, _, slots = _subject(rng, cast)
    roll = rng.random()
    if roll < 0.25:
        what = outside_thing(rng)
        return changes.ADD.pick(rng, split, it=what), f"cannot: {what}", (), ()
    if roll < 0.4:
        what = outside_thing(rng)
        return changes.REPLACE.pick(rng, split, old=said, new=what), f"cannot: {what}", slots, ()
    if roll < 0.55:
        what = outside_clothes(rng)
        return changes.WEAR.pick(rng, split, it=what, o=said), f"cannot: {what}", slots, ()
    if roll < 0.75:
        what = outside_place(rng)
        verb = rng.choice(("put", "place", "show", "set"))
        return f"{verb} {said} {what}", f"cannot: {what}", slots, ()
    if roll < 0.9:
        what = outside_action(rng)
        verb = rng.choice(("show", "have", "make it so that we see"))
        return f"{verb} {said} {what}", f"cannot: {what}", slots, ()
    what = outside_style(rng)
    return rng.choice((f"make it {what}", f"make the picture {what}")), f"cannot: {what}", (), ()


_NAMELESS: Final[tuple[tuple[_Maker, float], ...]] = (
    (_remove, 1.0),
    (_remove_thing, 0.8),
    (_add_thing, 1.0),
    (_add_figure, 0.6),
    (_wear, 1.4),
    (_undress, 0.9),
    (_recolor, 1.5),
    (_place, 1.5),
    (_replace_thing, 0.8),
    (_replace_figure, 1.2),
)
_MAKERS: Final = (*_NAMELESS, (_from_memory, 2.2))
