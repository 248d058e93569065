"""Requests to draw: the user's words, what must be looked up, and the canonical prompt.

Knows the drawn world's words and what lies outside it. Does not know task formats: parsing and
rewriting both learn from the same requests.
"""

import random
from dataclasses import dataclass
from typing import Final

from omnipersona.model.contract import MAX_CONCEPTS, slot
from omnipersona.training.corpus.dialogue.cast import Someone
from omnipersona.training.corpus.dialogue.outside import (
    outside_action,
    outside_clothes,
    outside_home,
    outside_place,
    outside_style,
    outside_thing,
)
from omnipersona.training.corpus.dialogue.spelling import spelled
from omnipersona.training.corpus.facts import StatedFact, sample_fact
from omnipersona.training.corpus.phrasing import Phrases, Split, read_phrases
from omnipersona.training.corpus.words import (
    CANONICAL_PLACES,
    PLACE_PHRASES,
    accessory_phrase,
    character_phrase,
    colored,
    thing_phrase,
)
from omnipersona.training.world.scene import (
    ACCESSORIES,
    OBJECTS,
    PLACES,
    POSES,
    sample_accessory,
    sample_identity,
    sample_thing,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lookup:
    """A fact that a request needs; value None means that nobody knows it."""

    slot: str
    attribute: str
    value: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A wish for a picture or for a change of one.

    Attributes:
        message: The user's words.
        canonical: The rewritten prompt, or `cannot: <what>`.
        slots: Concepts it is about, in order of mention.
        lookups: What must be looked up, in order of mention.
    """

    message: str
    canonical: str
    slots: tuple[str, ...]
    lookups: tuple[Lookup, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Detail:
    """One thing said about the picture.

    Attributes:
        part: clothes, pose, friend, thing or place: where `canonical` goes.
        text: What the user says.
        canonical: None where there is nothing to draw.
        lookup: What it takes to know it.
        outside: What a decline names.
    """

    part: str
    text: str
    canonical: str | None
    lookup: Lookup | None = None
    outside: str | None = None


_SAID: Final = read_phrases("drawing")
_FRAMES: Final = _SAID["frames"]
_PLAIN_FRAMES: Final = _SAID["plain frames"]
_SHORT: Final = 0.25
_CLOTHES: Final = _SAID["clothes"]
_ASK_CLOTHES: Final = _SAID["ask clothes"]
_POSES: Final[dict[str, Phrases]] = {
    "standing": _SAID["poses standing"],
    "sitting": _SAID["poses sitting"],
    "jumping": _SAID["poses jumping"],
    "waving": _SAID["poses waving"],
    "sleeping": _SAID["poses sleeping"],
}
_THING: Final = _SAID["thing"]
_ASK_TOY: Final = _SAID["ask toy"]
_ASK_THING: Final = _SAID["ask thing"]
_ASK_ACCESSORY: Final = _SAID["ask accessory"]
_ASK_HOME: Final = _SAID["ask home"]
_ASK_FRIEND: Final = _SAID["ask friend"]
_ASK_COLOR: Final = _SAID["ask color"]
_AND: Final = _SAID["and"]
_SECOND: Final = _SAID["second"]
_FIRST_PLACE: Final = _SAID["first place"]


def sample_drawing(
    rng: random.Random, split: Split, cast: tuple[Someone, ...], *, outside: bool = False
) -> Request:
    """Draw a wish for a new picture.

    Args:
        rng: Draws.
        split: Which phrasings.
        cast: 0 to 2 concepts in it; with fewer than two there may be nameless characters.
        outside: Ask for something that the world does not hold.

    A quarter is as short as people write most: `draw <c0> with his toy`.
    """
    if outside and rng.random() < 0.3:
        return _foreign_subject(rng, split, cast)
    figures = [one.slot for one in cast]
    said = [one.first.object for one in cast]
    for _ in range(_num_nameless(rng, len(cast))):
        phrase = character_phrase(sample_identity(rng), rng)
        figures.append(phrase)
        said.append(phrase)
    details = _details(rng, split, cast, many=len(figures) > 1)
    is_short = rng.random() < _SHORT
    if is_short and details:
        details = [rng.choice([d for d in details if d.lookup is not None] or details)]
    if outside:
        details = [d for d in details if d.lookup is None][:1]
        details.insert(rng.randint(0, len(details)), _foreign_detail(rng, split))
    who = said[0] if len(said) == 1 else _AND.pick(rng, split, a=said[0], b=said[1])
    texts = [d.text for d in details]
    x = " ".join((who, *texts))
    if details and details[-1].part == "place" and rng.random() < 0.08:
        x = _FIRST_PLACE.pick(rng, split, place=texts[-1], x=" ".join((who, *texts[:-1])))
    said_later = ""
    if len(details) > 1 and len(cast) == 1 == len(figures) and rng.random() < 0.15:
        x = " ".join((who, *texts[:-1]))
        later = cast[0].later.filling()
        said_later = " " + _SECOND.pick(rng, split, x=texts[-1], **later)
    first = (_PLAIN_FRAMES if is_short else _FRAMES).pick(rng, split, x=x)
    if said_later and first[-1] not in ".?!":
        first += "."
    return Request(
        message=spelled(rng, first + said_later),
        canonical=_canonical(figures, details),
        slots=tuple(one.slot for one in cast),
        lookups=tuple(d.lookup for d in details if d.lookup is not None),
    )


def _num_nameless(rng: random.Random, num_cast: int) -> int:
    if num_cast == 0:
        return 2 if rng.random() < 0.25 else 1
    return int(num_cast == 1 and rng.random() < 0.12)


def _canonical(figures: list[str], details: list[_Detail]) -> str:
    foreign = [d.outside for d in details if d.outside is not None]
    if foreign:
        return f"cannot: {foreign[0]}"
    found = {d.part: d.canonical for d in details if d.canonical is not None}
    first = " ".join(filter(None, (figures[0], found.get("clothes"), found.get("pose"))))
    line = " and ".join(filter(None, (first, *figures[1:], found.get("friend"))))
    return " ".join(filter(None, (line, found.get("thing"), found.get("place"))))


def _details(
    rng: random.Random, split: Split, cast: tuple[Someone, ...], *, many: bool
) -> list[_Detail]:
    """Draw up to four details; clothes and pose come before the rest, since they are of `who`."""
    close: list[_Detail] = []
    far: list[_Detail] = []
    owner = rng.choice(cast) if cast and rng.random() < 0.45 else None
    asked = rng.sample(("toy", "home", "clothes", "friend", "color"), 2) if owner else []
    asked = asked[: rng.choices((1, 2), (0.7, 0.3))[0]]
    if owner is not None and not many:
        if "clothes" in asked:
            close.append(_from_memory(rng, split, owner, "clothes", many=many))
        if "friend" in asked:
            far.append(_from_memory(rng, split, owner, "friend", many=many))
    if owner is not None:
        used = ("toy", "home") if "color" not in asked or "toy" in asked else ("color", "home")
        far += [_from_memory(rng, split, owner, one, many=many) for one in used if one in asked]
    taken = {d.part for d in (*close, *far)}
    for part, chance in (("clothes", 0.3), ("pose", 0.25), ("thing", 0.33), ("place", 0.5)):
        if part not in taken and rng.random() < chance and not (many and part in _CLOSE):
            (close if part in _CLOSE else far).append(_own_words(rng, split, part))
    rng.shuffle(close)
    if rng.random() < 0.3:
        rng.shuffle(far)
    else:
        far.sort(key=lambda d: d.part == "place")
    return close + far


_CLOSE: Final = ("clothes", "pose")
_BY_KIND: Final = 0.35


def _own_words(rng: random.Random, split: Split, part: str) -> _Detail:
    if part == "clothes":
        it = accessory_phrase(sample_accessory(rng))
        return _Detail(part=part, text=_CLOTHES.pick(rng, split, it=it), canonical=f"wearing {it}")
    if part == "pose":
        pose = rng.choice(POSES)
        canonical = None if pose == "standing" else pose
        return _Detail(part=part, text=_POSES[pose].pick(rng, split), canonical=canonical)
    if part == "thing":
        it = thing_phrase(sample_thing(rng, 0.5))
        return _Detail(part=part, text=_THING.pick(rng, split, it=it), canonical=f"with {it}")
    place = rng.choice(PLACES)
    return _Detail(
        part=part,
        text=PLACE_PHRASES[place].pick(rng, split),
        canonical=CANONICAL_PLACES[place],
    )


def ask_for(rng: random.Random, split: Split, fact: StatedFact, filling: dict[str, str]) -> str:
    """Return words that ask for a fact without saying it: `with his toy`, or `with his ball`."""
    by_kind = _ASKED_BY_KIND.get(fact.attribute)
    if by_kind is not None and rng.random() < _BY_KIND:
        return by_kind.pick(rng, split, kind=fact.value.split()[-1], **filling)
    return _ASKED[fact.attribute].pick(rng, split, **filling)


def _from_memory(
    rng: random.Random, split: Split, owner: Someone, attribute: str, *, many: bool
) -> _Detail:
    """Speak of something that only memory knows; now and then memory does not know it either."""
    words = owner.first if many or rng.random() < 0.2 else owner.later
    filling = words.filling()
    fact = sample_fact(rng, attribute, (rng.choice(_STRANGERS),))
    is_known = rng.random() > 0.1
    outside = None
    if fact.value == owner.slot:
        fact = sample_fact(rng, attribute)
    value, canonical = fact.value, _drawn(fact.attribute, fact.value, fact.place)
    part = {"toy": "thing", "home": "place"}.get(attribute, attribute)
    if is_known and attribute in ("toy", "friend") and rng.random() < 0.06:
        value = outside = outside_thing(rng)
    if is_known and attribute == "home" and rng.random() < 0.06:
        value = outside = outside_home(rng)
    if attribute == "color":
        part = rng.choice(("thing", "clothes")) if not many else "thing"
        noun = rng.choice(OBJECTS if part == "thing" else _SINGLE_CLOTHES)
        word = "with" if part == "thing" else "wearing"
        text = _ASK_COLOR.pick(rng, split, w=word, it=noun, **filling)
        canonical = f"{word} {colored(value, noun)}"
    elif outside is not None:
        text = _ASKED[attribute].pick(rng, split, **filling)
    else:
        text = ask_for(rng, split, fact, filling)
    return _Detail(
        part=part,
        text=text,
        canonical=canonical if is_known else None,
        lookup=Lookup(slot=owner.slot, attribute=attribute, value=value if is_known else None),
        outside=outside,
    )


# A friend may be a concept that the message does not name.
_STRANGERS: Final = tuple(slot(i) for i in range(MAX_CONCEPTS))
_ASKED: Final = {
    "toy": _ASK_TOY,
    "home": _ASK_HOME,
    "clothes": _ASK_CLOTHES,
    "friend": _ASK_FRIEND,
}
_ASKED_BY_KIND: Final = {"toy": _ASK_THING, "clothes": _ASK_ACCESSORY}
_SINGLE_CLOTHES: Final = tuple(kind for kind in ACCESSORIES if kind != "glasses")


def _drawn(attribute: str, value: str, place: str | None) -> str:
    if place is not None:
        return CANONICAL_PLACES[place]
    return {"toy": f"with {value}", "clothes": f"wearing {value}"}.get(attribute, value)


def _foreign_detail(rng: random.Random, split: Split) -> _Detail:
    part = rng.choice(("thing", "place", "pose", "clothes", "style"))
    if part == "thing":
        what = outside_thing(rng)
        text = _THING.pick(rng, split, it=what)
    elif part == "clothes":
        what = outside_clothes(rng)
        text = _CLOTHES.pick(rng, split, it=what)
    else:
        makers = {"place": outside_place, "pose": outside_action, "style": outside_style}
        what = text = makers[part](rng)
    return _Detail(part=part, text=text, canonical=None, outside=what)


def _foreign_subject(rng: random.Random, split: Split, cast: tuple[Someone, ...]) -> Request:
    what = outside_thing(rng)
    details = [_own_words(rng, split, "place")] if rng.random() < 0.4 else []
    if rng.random() < 0.3:
        details.append(_Detail(part="far", text=outside_place(rng), canonical=None))
    x = " ".join((what, *(d.text for d in details)))
    if cast and rng.random() < 0.4:
        x = _AND.pick(rng, split, a=cast[0].first.object, b=x)
        return Request(
            message=spelled(rng, _FRAMES.pick(rng, split, x=x)),
            canonical=f"cannot: {what}",
            slots=(cast[0].slot,),
        )
    message = spelled(rng, _FRAMES.pick(rng, split, x=x))
    return Request(message=message, canonical=f"cannot: {what}", slots=())
