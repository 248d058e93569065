"""Noun phrases of the drawn world: characters, clothes, objects, places, poses.

Knows `world`. Does not know sentences. Every phrase has a canonical form, which replies use, and
free forms, which people use.
"""

import random
from typing import Final

from omnipersona.model.nano.corpus.phrasing import Phrases, Split
from omnipersona.model.nano.world import COLORS, SPECIES, Accessory, Figure, Identity, Thing

PLACE_PHRASES: Final[dict[str, Phrases]] = {
    "meadow": Phrases(
        "in the meadow",
        "[in|on|out in] a [|green|grassy|sunny] meadow",
        "[on|in|out on] the [|green|soft|tall] grass",
        "out in the green meadow",
        "[on the|out on the|out on a|in the [green|grassy|sunny]] meadow",
        "[on|out on] [a|the] [lawn|patch of grass]",
        "[in|out in|on] [a|the] [green|grassy] field",
    ),
    "beach": Phrases(
        "at the beach",
        "[on|down on|down at] the [|sandy|sunny] beach",
        "[by|near|next to|down by] the [sea|ocean]",
        "on a sandy beach",
        "[on a [|sunny]|at a sandy|at the [sandy|sunny]] beach",
        "on the [sand by|beach by|shore of|sand near] the [sea|ocean]",
        "[at|on|along] the [seaside|seashore|shore|coast]",
    ),
    "snow": Phrases(
        "in the snow",
        "[in|up in|on] [the|] snowy [mountains|hills]",
        "[on|out in|out on] the [|deep|cold] snow",
        "in winter snow",
        "in the [white|deep|cold|winter] snow",
        "in [winter|the winter|a winter landscape|a snowy landscape|the ice and snow]",
        "[in [deep|white|cold]|on white] snow",
    ),
    "night": Phrases(
        "at night",
        "under the [|full|bright] moon[| at night]",
        "in the [|dark|starry|moonlit] night",
        "under the stars at night",
        "under [the [stars|moon and stars|night sky]|[a|the] [starry|dark night] sky]",
        "[late at night|in the middle of the night|at night, under the [moon|stars]]",
        "[on a [dark|starry|moonlit|clear] night|[in the|by] moonlight|by the light of the moon]",
    ),
    "city": Phrases(
        "in the city",
        "in a [|big|large|busy] city",
        "on a [city street|street in [the|a] city|street in town]",
        "downtown in the city",
        "[downtown|in town|in a town|in the town|downtown in town]",
        "in the [streets|middle|center|centre] of [the|a|a big] [city|town]",
        "[between|among] the [|tall] [buildings|houses] of [the|a] city",
    ),
    "forest": Phrases(
        "in the forest",
        "[in|out in] a [|green|deep|thick] forest",
        "[in the [|green|deep]|out in the|deep in the] woods",
        "among the forest trees",
        "[among|between|under] [the trees|tall trees|the tall trees|trees]",
        "[among|between|under] the trees [of|in] [the forest|a forest|the woods]",
        "[deep in the|in the [green|deep|thick]|out in the|in the middle of the] forest",
    ),
    "desert": Phrases(
        "in the desert",
        "[in|out in] a [|hot|sandy|dry] desert",
        "[between|among|near] [the|] [|tall|green] cacti",
        "in the hot desert",
        "[in the [sandy|dry|sunny]|out in the] desert",
        "[on|in] the [|hot] sand of [the|a] desert",
        "[among|between] [|the] cacti [in|of] the desert",
    ),
    "room": Phrases(
        "in the room",
        "in a [|small|nice|cosy|cozy] room",
        "indoors[| in [a|the] room]",
        "inside a room",
        "inside the [|small|nice|cosy|cozy] room",
        "[inside|in] [the|a] living room",
        "[inside|indoors, inside [a small|the] room|within four walls|inside of a room]",
    ),
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

_WEARING: Final = Phrases(
    "wearing {it}",
    "with {it}",
    "in {it}",
    "that wears {it}",
    "[who|which] wears {it}",
    "that is [wearing|dressed in] {it}",
    "with {it} on",
    "that has {it} on",
    "[who|which] has {it} on",
    "[dressed|clothed|clad] in {it}",
    "[who|which] is wearing {it}",
    "who is dressed in {it}",
    "that has [got|put] {it} on",
    "having {it} on",
    "that [is in|has put on] {it}",
    "which has got {it} on",
    "and wears {it}",
    "who has got {it} on",
)


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
