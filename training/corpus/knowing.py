"""Characters with facts that matter for a picture, and how they are introduced without tokens.

Knows facts that can be drawn and the wording of wishes that need them. Does not know samples.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from omnipersona.model.bagel.prompts import profile_text
from omnipersona.training.corpus.dialogue.drawing import ask_for
from omnipersona.training.corpus.facts import PRONOUNS, StatedFact, wording
from omnipersona.training.corpus.phrasing import Split, typed
from omnipersona.training.corpus.words import CANONICAL_PLACES, looks_phrase
from omnipersona.training.world.scene import Identity, Scene, sample_scene

_POSSIBLE: Final = ("clothes", "toy", "home")


def profile(slot: str, identity: Identity, facts: Sequence[StatedFact]) -> str:
    """Return who a character is, in words alone: all looks, then facts."""
    pairs = tuple((fact.attribute, fact.value) for fact in facts)
    return profile_text(slot, looks_phrase(identity), pairs)


def wish_needing_facts(
    slot: str, identity: Identity, facts: Sequence[StatedFact], rng: random.Random, split: Split
) -> tuple[Scene, str] | None:
    """Return a picture that shows one or two facts, and a wish that does not spell them out.

    None if none of the facts can be drawn.
    """
    known = {fact.attribute: fact for fact in facts if fact.attribute in _POSSIBLE}
    if not known:
        return None
    count = rng.randint(1, min(2, len(known)))
    asked = rng.sample(sorted(known), count)
    scene = _showing([known[name] for name in asked], identity, rng)
    words = wording(rng.choice(PRONOUNS[:3])).filling()
    parts = [slot]
    parts += [ask_for(rng, split, known[name], words) for name in _POSSIBLE if name in asked]
    if "home" not in asked and rng.random() < 0.7:
        parts.append(CANONICAL_PLACES[scene.place])
    return scene, typed(rng, " ".join(parts))


def _showing(facts: Sequence[StatedFact], identity: Identity, rng: random.Random) -> Scene:
    """Draw a scene with what the facts say."""
    needs_thing = any(fact.thing is not None for fact in facts)
    scene = sample_scene(rng, [identity])
    while needs_thing and scene.thing is None:
        scene = sample_scene(rng, [identity])
    for fact in facts:
        if fact.place is not None:
            scene = replace(scene, place=fact.place)
        if fact.thing is not None and scene.thing is not None:
            scene = replace(scene, thing=replace(fact.thing, x=scene.thing.x))
        if fact.accessory is not None:
            figure = replace(scene.figures[0], accessory=fact.accessory)
            scene = replace(scene, figures=(figure,))
    return scene
