"""Noun phrases of the drawn world: characters, clothes, objects, places, poses.

Knows `world`. Does not know sentences. Every phrase has a canonical form, which replies use, and
free forms, which people use.
"""

import random
from typing import Final

from omnipersona.training.corpus.phrasing import Phrases, Split, read_phrases
from omnipersona.training.world.scene import COLORS, SPECIES, Accessory, Figure, Identity, Thing

_SAID: Final = read_phrases("words")
PLACE_PHRASES: Final[dict[str, Phrases]] = {
    "meadow": _SAID["place phrases meadow"],
    "beach": _SAID["place phrases beach"],
    "snow": _SAID["place phrases snow"],
    "night": _SAID["place phrases night"],
    "city": _SAID["place phrases city"],
    "forest": _SAID["place phrases forest"],
    "desert": _SAID["place phrases desert"],
    "room": _SAID["place phrases room"],
}
PLACE_NAMES: Final[dict[str, str]] = {
    "meadow": "the meadow",
    "beach": "the beach",
    "snow": "the snow",
    "night": "the night",
    "city": "the city",
    "forest": "the forest",
    "desert": "the desert",
    "room": "the room",
}
CANONICAL_PLACES: Final[dict[str, str]] = {
    "meadow": "in the meadow",
    "beach": "at the beach",
    "snow": "in the snow",
    "night": "at night",
    "city": "in the city",
    "forest": "in the forest",
    "desert": "in the desert",
    "room": "in the room",
}
PATTERN_NOUNS: Final = {"spotted": "spots", "striped": "stripes", "patched": "patches"}

_WEARING: Final = _SAID["wearing"]
_SMALL: Final = 0.25
_PROPORTIONS: Final = {
    "body": ("a thin body", "a round body"),
    "head": ("a small head", "a large head"),
    "ears": ("small ears", "large ears"),
    "eyes": ("small eyes", "large eyes"),
    "tail": ("a short tail", "a long tail"),
}


def with_article(phrase: str) -> str:
    """Return the phrase with `a` or `an`; glasses take none."""
    if phrase.endswith("glasses"):
        return phrase
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def colored(color: str, noun: str) -> str:
    """Return e.g. `a red ball`, `an orange hat`, `green glasses`."""
    return with_article(f"{color} {noun}")


def accessory_phrase(accessory: Accessory) -> str:
    """Return e.g. `a blue hat`."""
    return colored(accessory.color, accessory.kind)


def thing_phrase(thing: Thing) -> str:
    """Return e.g. `a red ball`."""
    return colored(thing.color, thing.kind)


def character_phrase(identity: Identity, rng: random.Random | None = None) -> str:
    """Return e.g. `a green spotted cat`; with `rng` sometimes fuller or shorter."""
    plain = f"{identity.color} {identity.species}"
    if identity.pattern == "plain":
        return with_article(plain)
    short = with_article(f"{identity.color} {identity.pattern} {identity.species}")
    full = f"{with_article(plain)} with {identity.pattern_color} {PATTERN_NOUNS[identity.pattern]}"
    if rng is None:
        return full
    return rng.choices((full, short, with_article(plain)), (0.55, 0.25, 0.2))[0]


def looks_phrase(identity: Identity) -> str:
    """Return all that words can tell, e.g. `a green cat with blue spots, brown eyes and big ears`.

    Of the proportions only what is small or large is told.
    """
    told = []
    if identity.pattern != "plain":
        told.append(f"{identity.pattern_color} {PATTERN_NOUNS[identity.pattern]}")
    told.append(f"{identity.eye_color} eyes")
    for name, (small, large) in _PROPORTIONS.items():
        share = getattr(identity, name)
        if not _SMALL <= share <= 1.0 - _SMALL:
            told.append(small if share < _SMALL else large)
    *most, last = told
    listed = f"{', '.join(most)} and {last}" if most else last
    return f"{colored(identity.color, identity.species)} with {listed}"


def the(phrase: str) -> str:
    """Return a phrase with `the` in place of its article."""
    return f"the {phrase.split(' ', 1)[1]}"


def figure_phrase(figure: Figure, who: str, rng: random.Random, split: Split) -> str:
    """Return `who` with its clothes and pose, each now and then left out."""
    phrase = who
    if figure.accessory is not None and rng.random() < 0.85:
        phrase += " " + _WEARING.pick(rng, split, it=accessory_phrase(figure.accessory))
    if figure.pose != "standing" and rng.random() < 0.8:
        phrase += f" {figure.pose}"
    return phrase


def random_color(rng: random.Random) -> str:
    """Return a colour's name."""
    return rng.choice(tuple(COLORS))


def random_species(rng: random.Random) -> str:
    """Return a species' name."""
    return rng.choice(SPECIES)
