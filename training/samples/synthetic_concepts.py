"""Pseudo-concepts: characters with facts whose tokens are trained together with the weights.

After pretraining the frozen network reads such vectors fluently, so a new concept is a short
search. Numbered concepts are made from their number, so nothing about them is stored but what their
vectors add to the concept encoder's; the others are met once and have the encoder's alone.
"""

import random
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from omnipersona.model.bagel.config import ModelConfig
from omnipersona.model.bagel.sequence import UndImage, seen_image
from omnipersona.training.corpus.facts import StatedFact, sample_facts
from omnipersona.training.samples.pixels import scene_pixels
from omnipersona.training.world.scene import Identity, sample_identity, sample_scene

Pool = Literal["train", "held_out"]


@dataclass(frozen=True, slots=True)
class PseudoConcept:
    """One character and what is true of it beyond its looks."""

    identity: Identity
    facts: tuple[StatedFact, ...]


class UsedConcept(NamedTuple):
    """A concept in a training step.

    Attributes:
        number: Row of the table; None for a character that is met once.
        identity: The character.
        num_each: Tokens of each kind that it shows.
        photos: Which the concept encoder sees.
    """

    number: int | None
    identity: Identity
    num_each: int
    photos: tuple[UndImage, ...]


@lru_cache(maxsize=4096)
def pseudo_concept(index: int, pool: Pool = "train") -> PseudoConcept:
    """Return the concept with this number; the pools share no concept."""
    rng = random.Random(f"{pool} concept {index}")
    identity = sample_identity(rng)
    return PseudoConcept(identity, tuple(sample_facts(rng, rng.randint(2, 8))))


def photos_of(
    identity: Identity, count: int, config: ModelConfig, rng: random.Random
) -> tuple[UndImage, ...]:
    """Return pictures of a character alone, as the vision encoder gets them."""
    scenes = [sample_scene(rng, [identity]) for _ in range(count)]
    return tuple(seen_image(config, scene_pixels(scene, config.image_size)) for scene in scenes)
