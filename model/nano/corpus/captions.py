"""A scene as a caption: what a person would ask to be drawn, or say of a picture.

`slots` names figures that are known concepts; all others are described by their looks.
"""

import random
from collections.abc import Mapping
from typing import Final

from omnipersona.model.nano.corpus.phrasing import Phrases, Split, typed
from omnipersona.model.nano.corpus.words import (
    CANONICAL_PLACES,
    PLACE_PHRASES,
    accessory_phrase,
    character_phrase,
    figure_phrase,
    thing_phrase,
)
from omnipersona.model.nano.world import Scene

Slots = Mapping[int, str]

_WITH_THING: Final = Phrases(
    "{who} with {it}",
    "{who} and {it}",
    "{it} next to {who}",
    "{it} near {who}",
    "{who} next to {it}",
    "{it} and {who}",
    "{who} near {it}",
    "{who} beside {it}",
    "{it} beside {who}",
    "{it} with {who}",
    "{who} close to {it}",
    "{it} by {who}",
    "{who} by {it}",
    "{it} [close to|right by|right next to] {who}",
    "{who} [right next to|right beside|right by] {it}",
    "{it} close by {who}",
    "{it} [together with|along with|plus] {who}",
    "{who} [together with|plus|and along with it] {it}",
    "{it}, [and next to it|next to it|beside it] {who}",
    "{who} along with {it}",
    "{who} with {it} [nearby|close by|next to it|at the side]",
    "{it} and [nearby|next to it|beside it] {who}",
    "{who} at the side of {it}",
    "{it} with {who} nearby",
    "{it} [lying|placed] [next to|beside|near] {who}",
    "{who} not far from {it}",
    "{it} [not far from|at the side of] {who}",
    "{it} lying close to {who}",
    "[{who}, {it}|{it}, {who}]",
    "{who} and [near it|next to it|nearby|beside it] {it}",
    "{who}, [next to it|beside it|near it] {it}",
    "{who}, {it} nearby",
    "{it} right [near|beside] {who}",
)
_ALONE: Final = Phrases(
    "{it}",
    "a picture of {it}",
    "just {it}",
    "only {it}",
    "{it} [alone|all alone|on its own|by itself]",
    "[only {it} and nothing else|{it} and nothing else|nothing but {it}]",
    "[an image|a photo|a drawing] of {it}",
    "just {it} alone",
    "{it} only",
    "a [picture|photo] of [just|only|nothing but] {it}",
    "[just|only] {it}, [nobody else|no animal|nobody]",
    "a drawing of only {it}",
    "{it}, [nobody|no animal] there",
    "[simply|merely|just simply] {it}",
    "{it}[,| and] nothing more",
    "simply {it} and nothing more",
    "a drawing with [only|just] {it}",
    "[simply|only] {it}, nothing more",
)
_WHOLE: Final = Phrases(
    "{scene} {place}",
    "{scene}, {place}",
    "{place}: {scene}",
    "{place}, {scene}",
    "a photo of {scene} {place}",
    "a drawing of {scene} {place}",
    "a picture of {scene} {place}",
    "{scene} is {place}",
    "[a picture|an image|a scene|a photo] where {scene} is {place}",
    "[here|in this picture|in this photo] {scene} is {place}",
    "{place} [is|there is|you see|we see|you can see|one sees] {scene}",
    "{place} we can see {scene}",
    "[an image|a pic|a sketch|a painting] of {scene} {place}",
    "[there is|here is|this is|it is|this shows|it shows] {scene} {place}",
    "[you see|we see|you can see|i see] {scene} {place}",
    "it shows {scene}, all {place}",
    "[the picture|this picture|the photo|this image] shows {scene} {place}",
    "{scene} [seen|shown|pictured] {place}",
    "{scene} [-|;] {place}",
    "a painting, {place}: {scene}",
    "[a picture|a photo|a drawing], {place}: {scene}",
    "a [scene|picture] {place} with {scene}",
    "{scene}, [all|and all|everything] {place}",
    "a photo {place} with {scene}",
    "[a scene|one picture|a photo] showing {scene} {place}",
    "somewhere {place}, {scene}",
    "{place} with {scene}",
    "an image showing {scene} {place}",
    "[{place}, there is {scene}|there is, {place}, {scene}]",
    "{scene}, it is all {place}",
    "a painting [showing|with] {scene} {place}",
)
_EMPTY: Final = Phrases(
    "an empty place {place}",
    "{place}, nobody there",
    "nobody {place}",
    "a view {place}",
    "[a quiet|a lovely|an open|an empty] view {place}",
    "[just|only] the view {place}",
    "[nobody|no one] [at all|to be seen|there] {place}",
    "no one {place}",
    "[an empty|a quiet|a lonely] [scene|picture|spot] {place}",
    "{place}[,| but] [no one|nobody|no animals] [around|in sight|at all]",
    "{place}, [empty|all empty|with nobody]",
    "a quiet place {place}",
    "a view with [nobody|no one] {place}",
    "a [picture|photo|drawing] {place} [without animals|with nobody in it|with no one there]",
    "just the [background|scenery|place] {place}",
    "a photo {place} with nobody there",
    "no [animals|creatures|figures] {place}",
    "a photo [with nobody|without anybody] {place}",
)


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


def caption(scene: Scene, slots: Slots, rng: random.Random, split: Split) -> str:
    """Return a canonical caption half of the time, a free one otherwise."""
    if rng.random() < 0.5:
        return canonical_caption(scene, slots)
    return free_caption(scene, slots, rng, split)
