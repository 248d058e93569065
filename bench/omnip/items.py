"""What each held-out concept is asked, drawn and edited with; every truth is a drawn scene.

Knows the drawn world. Does not know methods, models or scores. Concepts are no pseudo-concepts of
pretraining; every item is drawn from the concept's number.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from omnipersona.bench.asking import png
from omnipersona.bench.edits import is_a_change
from omnipersona.bench.omnip.subjects import Counts
from omnipersona.model.bagel.concept_training.dataset import SLOT
from omnipersona.model.contract import Fact, File, LearnRequest
from omnipersona.training.corpus.captions import canonical_caption
from omnipersona.training.corpus.edits import Edit, sample_edit
from omnipersona.training.corpus.facts import StatedFact, fact_questions, sample_facts
from omnipersona.training.corpus.knowing import wish_needing_facts
from omnipersona.training.corpus.questions import ask, recognise
from omnipersona.training.world.render import render
from omnipersona.training.world.scene import (
    Identity,
    Scene,
    look_alike,
    sample_identity,
    sample_scene,
)

EDIT_KINDS: Final = ("remove", "add", "replace", "recolor", "background", "object")
_CHAINED: Final = ("add", "background", "object")
_NUM_FACTS: Final = 8
_NEEDED: Final = ("toy", "home", "clothes")


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A question about a photo."""

    png: bytes
    question: str
    answer: str
    is_present: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """Something to draw, and a scene that fulfils it.

    `message` is what the user says; `needed` are the attributes that it does not spell out.
    """

    message: str
    scene: Scene
    needed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ConceptItems:
    """One held-out concept: what is taught and what is asked."""

    number: int
    identity: Identity
    facts: tuple[StatedFact, ...]
    photos: tuple[bytes, ...]
    recognition: tuple[Shown, ...]
    photo_questions: tuple[Shown, ...]
    fact_questions: tuple[tuple[str, str], ...]
    prompts: tuple[Prompt, ...]
    wishes: tuple[Prompt, ...]
    edits: tuple[Edit, ...]
    chain: tuple[Edit, ...]

    def lesson(self, seed: int, num_photos: int | None = None) -> LearnRequest:
        """Return what every method is taught with."""
        return LearnRequest(
            name=f"concept {self.number}",
            kind=self.identity.species,
            photos=File.each(self.photos[:num_photos]),
            facts=tuple(Fact(attribute=f.attribute, value=f.value) for f in self.facts),
            seed=seed,
        )


def concept_items(number: int, size: int, counts: Counts) -> ConceptItems:
    """Return the items of held-out concept `number`; pictures are `size` pixels wide."""
    rng = random.Random(f"omnipbench concept {number}")
    identity, facts = _character(rng)
    return ConceptItems(
        number=number,
        identity=identity,
        facts=facts,
        photos=tuple(
            png(render(sample_scene(rng, [identity]), size)) for _ in range(counts.photos)
        ),
        recognition=tuple(_recognition(identity, i, rng, size) for i in range(counts.recognition)),
        photo_questions=tuple(_question(identity, rng, size) for _ in range(counts.questions)),
        fact_questions=tuple(
            (fact_questions(rng, "held_out", SLOT, fact), fact.value) for fact in facts
        ),
        prompts=tuple(_prompt(identity, rng) for _ in range(counts.prompts)),
        wishes=tuple(_wish(identity, facts, rng) for _ in range(counts.wishes)),
        edits=tuple(_edit(identity, kind, rng) for kind in EDIT_KINDS for _ in range(counts.edits)),
        chain=tuple(_chain(identity, counts.chain, rng)),
    )


def _character(rng: random.Random) -> tuple[Identity, tuple[StatedFact, ...]]:
    """Draw a character with facts of which at least one can be drawn."""
    identity = sample_identity(rng)
    while True:
        facts = sample_facts(rng, _NUM_FACTS)
        if any(fact.attribute in _NEEDED for fact in facts):
            return identity, facts


def _recognition(identity: Identity, i: int, rng: random.Random, size: int) -> Shown:
    """Half present, a quarter look-alikes, a quarter others."""
    is_present = i % 2 == 0
    other = look_alike(identity, rng) if i % 4 == 1 else sample_identity(rng)
    scene = sample_scene(rng, [identity if is_present else other])
    question = recognise(SLOT, is_present, rng, "held_out")
    return Shown(
        png=png(render(scene, size)),
        question=question.text,
        answer=question.answer,
        is_present=is_present,
    )


def _question(identity: Identity, rng: random.Random, size: int) -> Shown:
    scene = sample_scene(rng, [identity])
    question = ask(scene, {0: SLOT}, rng, "held_out")
    return Shown(png=png(render(scene, size)), question=question.text, answer=question.answer)


def _prompt(identity: Identity, rng: random.Random) -> Prompt:
    scene = sample_scene(rng, [identity])
    return Prompt(message=f"draw {canonical_caption(scene, {0: SLOT})}", scene=scene)


def _wish(identity: Identity, facts: tuple[StatedFact, ...], rng: random.Random) -> Prompt:
    drawable = [fact for fact in facts if fact.attribute in _NEEDED]
    asked = rng.sample(drawable, rng.randint(1, min(2, len(drawable))))
    while True:
        wish = wish_needing_facts(SLOT, identity, asked, rng, "held_out")
        assert wish is not None, "only drawable facts are asked for"
        scene, text = wish
        needed = tuple(fact.attribute for fact in asked if _is_shown(fact, scene))
        if len(needed) == len(asked):
            return Prompt(message=f"draw {text}", scene=scene, needed=needed)


def _is_shown(fact: StatedFact, scene: Scene) -> bool:
    figure, thing = scene.figures[0], scene.thing
    if fact.thing is not None:
        return thing is not None and replace(thing, x=fact.thing.x) == fact.thing
    return fact.place == scene.place if fact.place else fact.accessory == figure.accessory


def _chain(identity: Identity, count: int, rng: random.Random) -> Iterator[Edit]:
    """Draw edits in a row, each of what the one before should have made."""
    scene = sample_scene(rng, [identity])
    for _ in range(count):
        while True:
            edit = sample_edit(scene, {0: SLOT}, rng, "held_out", rng.choice(_CHAINED))
            if edit is not None and edit.source == scene and is_a_change(edit):
                break
        yield edit
        scene = edit.target


def _edit(identity: Identity, kind: str, rng: random.Random) -> Edit:
    """Draw an edit about the concept that its source does not fulfil already."""
    while True:
        edit = sample_edit(sample_scene(rng, [identity]), {0: SLOT}, rng, "held_out", kind)
        if edit is not None and is_a_change(edit):
            return edit
