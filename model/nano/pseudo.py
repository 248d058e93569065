"""Pseudo-concepts: characters with facts whose tokens are trained together with the weights.

After pretraining the frozen network reads such vectors fluently, so a new concept is a short
search. Concepts are made from their number, so nothing about them is stored but their vectors.
"""

import random
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from omnipersona.model.nano.corpus.facts import StatedFact, sample_facts
from omnipersona.model.nano.world import Identity, sample_identity

Pool = Literal["train", "held_out"]


@dataclass(frozen=True, slots=True)
class PseudoConcept:
    """One character and what is true of it beyond its looks."""

    identity: Identity
    facts: tuple[StatedFact, ...]


class UsedConcept(NamedTuple):
    """A concept in a training step, and how many tokens of each kind it shows there."""

    number: int
    num_each: int


@lru_cache(maxsize=4096)
def pseudo_concept(index: int, pool: Pool = "train") -> PseudoConcept:
    """Return the concept with this number; the pools share no concept."""
    rng = random.Random(f"{pool} concept {index}")
    identity = sample_identity(rng)
    return PseudoConcept(identity, tuple(sample_facts(rng, rng.randint(2, 8))))
