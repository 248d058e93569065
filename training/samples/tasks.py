"""Training samples of every task, from scenes and sentences to segments.

A sample is planned first (texts, pictures, which of them are targets), then laid out; the latents
of its pictures come last, those of a whole step in one batch. Knows the corpus and segments. Does
not know optimisers.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from omnipersona.model.bagel.config import ModelConfig
from omnipersona.model.bagel.images import to_pixels
from omnipersona.model.bagel.prompt_layout import ConceptRows, Prompter, Use
from omnipersona.model.bagel.prompts import FOREIGN_PICTURE, RECOGNITION_WEIGHT, UNKNOWN
from omnipersona.model.bagel.sequence import Sample, Segment, clean_image, seen_image
from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.model.concepts.tokens import NUM_UND, ROUTINGS
from omnipersona.model.contract import Routing
from omnipersona.training.corpus.captions import caption
from omnipersona.training.corpus.dialogue import sample_examples, sample_turn
from omnipersona.training.corpus.edits import EDIT_KINDS, sample_edit
from omnipersona.training.corpus.facts import fact_questions, sample_fact
from omnipersona.training.corpus.knowing import wish_needing_facts
from omnipersona.training.corpus.phrasing import Split
from omnipersona.training.corpus.questions import Question, ask, describe, recognise
from omnipersona.training.samples.copy_task import Echoes
from omnipersona.training.samples.in_context import InContext
from omnipersona.training.samples.pixels import random_scene
from omnipersona.training.samples.plans import Latent, Plan
from omnipersona.training.samples.synthetic_concepts import (
    PseudoConcept,
    UsedConcept,
    photos_of,
    pseudo_concept,
)
from omnipersona.training.world.foreign import foreign_picture
from omnipersona.training.world.labels import differences, show
from omnipersona.training.world.scene import Scene, look_alike, sample_identity, sample_scene

_DROP_TEXT = 0.1
_DROP_PREFIX = 0.05
_DROP_SEEN = 0.5
_DROP_GIVEN = 0.3  # what lies at the edit ports is enough
_ROUTING_SHARES = (0.45, 0.1, 0.45)
_QUESTIONS_PER_LOOK = 8
_QUESTIONS_ABOUT_CONCEPT = 5
_QUESTIONS_PER_TALE = 6
_DESCRIBED = 0.7
_FACTS_PER_SAMPLE = 4
_FOREIGN = 0.04
_WITH_EXAMPLES = 0.2
_NEEDS_FACTS = 0.1
_TWO_CONCEPTS = 0.25
_COMPANY = 0.25
_COMPANY_IN_LOOKS = 0.5  # who is whom is harder to tell than what one looks like
_OWN, _OWN_OR_ALIKE = 0.45, 0.92
_PRESENT = 0.7
_NEW = 0.5
_NUM_PHOTOS = (1, 2, 3, 4)
_FEWER = (2, 4, 8)
_FEWER_SHARE = 0.12
_LOOKS_RECALLED = 0.5
_LOOKS = frozenset(("color", "pattern", "pattern color", "eyes"))
_TELLABLE = frozenset(("color", "pattern", "accessory", "object", "pose"))


@dataclass(frozen=True, slots=True)
class Cast:
    """The pseudo-concepts of one sample: their slots' rows and their characters."""

    prompter: Prompter
    concepts: tuple[PseudoConcept, ...] = ()


class TaskSampler:
    """Draws planned samples; remembers which pseudo-concepts a step uses.

    Args:
        tokenizer: Of the model.
        config: Sizes.
        num_concepts: Pseudo-concepts in the table.
        rng: Draws everything but noise.
        echo_words: In the longest echo.
        in_context_share: Of the samples about characters that words or photos introduce.
    """

    split: Split = "train"

    def __init__(
        self,
        tokenizer: Tokenizer,
        config: ModelConfig,
        num_concepts: int,
        rng: random.Random,
        echo_words: int = 32,
        in_context_share: float = 0.25,
    ) -> None:
        self.tokenizer = tokenizer
        self.config = config
        self.num_concepts = num_concepts
        self.rng = rng
        self.used: list[UsedConcept] = []
        self.plain = Prompter(tokenizer)
        self.in_context = InContext(self.plain, config, rng, self.split)
        self.in_context_share = in_context_share
        self.echoes = Echoes(tokenizer, rng, echo_words)

    def cast(self, count: int, *, with_facts: bool = False) -> Cast:
        """Return `count` pseudo-concepts.

        Half of them are met once, with photos and no facts, unless facts are needed.
        """
        numbers = [
            number if with_facts or self.rng.random() >= _NEW else None
            for number in self.rng.sample(range(self.num_concepts), count)
        ]
        routing = self.rng.choices(ROUTINGS, _ROUTING_SHARES)[0]
        is_short = self.rng.random() < _FEWER_SHARE
        return self.meet(
            *numbers, num_each=self.rng.choice(_FEWER) if is_short else NUM_UND, routing=routing
        )

    def meet(
        self, *numbers: int | None, num_each: int = NUM_UND, routing: Routing = "decoupled"
    ) -> Cast:
        """Return numbered concepts, or new ones, their rows counted from the step's table."""
        rows, concepts = [], []
        for number in numbers:
            concept = (
                PseudoConcept(sample_identity(self.rng), ())
                if number is None
                else pseudo_concept(number)
            )
            count = self.rng.choice(_NUM_PHOTOS)
            photos = photos_of(concept.identity, count, self.config, self.rng)
            start = sum(1 + 2 * one.num_each for one in self.used)
            self.used.append(UsedConcept(number, concept.identity, num_each, photos))
            rows.append(
                ConceptRows(start=start, num_und=num_each, num_gen=num_each, routing=routing)
            )
            concepts.append(concept)
        return Cast(Prompter(self.tokenizer, rows), tuple(concepts))

    def _scene(self, concept_share: float) -> tuple[Scene, Cast, dict[int, str]]:
        """Return a scene, perhaps with one or two concepts in it, and their slots."""
        rng = self.rng
        if rng.random() >= concept_share:
            return random_scene(rng), Cast(self.plain), {}
        cast = self.cast(2 if rng.random() < _TWO_CONCEPTS else 1)
        identities = [concept.identity for concept in cast.concepts]
        slots = {i: f"<c{i}>" for i in range(len(identities))}
        if len(identities) == 1 and rng.random() < 0.15:
            other = sample_identity(rng)
            identities, slots = (
                ([other, *identities], {1: "<c0>"})
                if rng.random() < 0.5
                else ([*identities, other], slots)
            )
        return sample_scene(rng, identities), cast, slots

    def draw(self, concept_share: float) -> Plan:
        """Text to picture."""
        if self.rng.random() < self.in_context_share:
            return self.in_context.draw()
        scene, cast, slots = self._scene(concept_share)
        text = caption(scene, slots, self.rng, self.split)
        if len(slots) == len(scene.figures) == 1 and self.rng.random() < _NEEDS_FACTS:
            known = cast.concepts[0]
            wish = wish_needing_facts("<c0>", known.identity, known.facts, self.rng, self.split)
            scene, text = wish or (scene, text)
        dropped = self.rng.random() < _DROP_TEXT
        parts = _prefixes(cast, "draw", dropped=dropped and self.rng.random() < 0.5)
        parts.append(cast.prompter.text(text, use="draw", dropped=dropped))
        plan = Plan("draw concept" if slots else "draw", parts)
        plan.paint(self.config, show(scene, self.config.image_size))
        return plan

    def edit(self, concept_share: float) -> Plan:
        """Picture and instruction to picture, kinds in equal parts; without words, the same one."""
        rng = self.rng
        if rng.random() < self.in_context_share:
            return self.in_context.edit()
        kind, edit = rng.choice(EDIT_KINDS), None
        num_used = len(self.used)
        while edit is None:
            del self.used[num_used:]  # of a scene to which this kind does not apply
            scene, cast, slots = self._scene(concept_share)
            edit = sample_edit(scene, slots, rng, self.split, kind)
        size = self.config.image_size
        parts = _prefixes(cast, "draw", dropped=rng.random() < _DROP_PREFIX)
        plan = Plan("edit concept" if slots else "edit", parts)
        told = cast.prompter.text(edit.instruction, use="draw", dropped=rng.random() < _DROP_TEXT)
        source, target = show(edit.source, size), show(edit.target, size)
        seen, given = rng.random() >= _DROP_SEEN, rng.random() >= _DROP_GIVEN
        plan.change(self.config, told, source, target, seen=seen, given=given)
        return plan

    def look(self, concept_share: float) -> Plan:
        """Several questions about one picture."""
        if self.rng.random() < _FOREIGN:
            return self._look_at_foreign()
        if self.rng.random() < self.in_context_share:
            return self.in_context.look()
        if self.rng.random() < concept_share:
            return self._look_at_concept()
        scene = random_scene(self.rng, _COMPANY_IN_LOOKS)
        plan = Plan("look")
        plan.see(self.config, show(scene, self.config.image_size))
        self._questions(plan, self.plain, scene, {}, _QUESTIONS_PER_LOOK)
        return plan

    def _look_at_foreign(self) -> Plan:
        picture = to_pixels(foreign_picture(self.rng, self.config.image_size))
        plan = Plan("look", [seen_image(self.config, picture)])
        question = ask(random_scene(self.rng), {}, self.rng, self.split)
        plan.exchange(self.plain, question.text, FOREIGN_PICTURE)
        return plan

    def recognise(self, concept_share: float) -> Plan:
        """Whether a character, a look-alike or another one is in a picture, at times with company.

        Of the looks of concepts this is the hardest, and a question gives one bit, so the picture's
        cells say in addition what differs.
        """
        rng = self.rng
        cast = self.cast(1)
        own = cast.concepts[0].identity
        roll = rng.random()
        present = roll < _OWN
        alike = look_alike(own, rng) if roll < _OWN_OR_ALIKE else sample_identity(rng)
        shown = [own if present else alike]
        if rng.random() < _COMPANY:
            shown.insert(rng.randrange(2), sample_identity(rng))
        scene = sample_scene(rng, shown)
        plan = Plan("recognise", _prefixes(cast, "read"))
        picture = show(scene, self.config.image_size)
        plan.see_figures(self.config, picture, [differences(own, one) for one in shown])
        question = recognise("<c0>", present, rng, self.split)
        plan.exchange(cast.prompter, question.text, question.answer, RECOGNITION_WEIGHT)
        return plan

    def _look_at_concept(self) -> Plan:
        """Questions about a picture in which a concept is, or somebody like it."""
        rng = self.rng
        cast = self.cast(1)
        own = cast.concepts[0].identity
        present = rng.random() < _PRESENT
        scene = sample_scene(rng, [own if present else look_alike(own, rng)])
        plan = Plan("look concept", _prefixes(cast, "read"))
        plan.see(self.config, show(scene, self.config.image_size))
        slots = {0: "<c0>"} if present else {}
        self._questions(plan, cast.prompter, scene, slots, _QUESTIONS_ABOUT_CONCEPT)
        return plan

    def _questions(
        self, plan: Plan, prompter: Prompter, scene: Scene, slots: Mapping[int, str], count: int
    ) -> None:
        """Add short questions, none twice, and often a description."""
        asked: dict[tuple[str, str], Question] = {}
        for _ in range(2 * count):
            question = ask(scene, slots, self.rng, self.split)
            asked.setdefault((question.topic, question.answer), question)
        questions = list(asked.values())[:count]
        if self.rng.random() < _DESCRIBED:
            questions.append(describe(scene, slots, self.rng, self.split))
        for question in questions:
            plan.exchange(prompter, question.text, question.answer)

    def told(self, concept_share: float) -> Plan:
        """Questions about a scene that words tell: which colour is whose."""
        rng, answered = self.rng, list[Question]()
        while not answered:
            scene = sample_scene(rng, [sample_identity(rng)])
            text = caption(scene, {}, rng, self.split)
            asked = [ask(scene, {}, rng, self.split) for _ in range(_QUESTIONS_PER_TALE)]
            answered = [q for q in asked if q.topic in _TELLABLE and q.answer in text.lower()]
        plan = Plan("told", [self.plain.text(text)])
        for question in answered:
            plan.exchange(self.plain, question.text, question.answer)
        return plan

    def facts(self, concept_share: float) -> Plan:
        """Questions on facts that no picture shows, from tokens or a profile alone."""
        if self.rng.random() < self.in_context_share:
            return self.in_context.facts()
        if self.rng.random() < _LOOKS_RECALLED:
            return self._recall_looks()
        cast = self.cast(1, with_facts=True)
        plan = Plan("facts", _prefixes(cast, "read"))
        facts = cast.concepts[0].facts
        stated = {fact.attribute for fact in facts}
        for fact in self.rng.choices(facts, k=_FACTS_PER_SAMPLE):
            question = fact_questions(self.rng, self.split, "<c0>", fact)
            plan.exchange(cast.prompter, question, fact.value)
        other = sample_fact(self.rng)
        if other.attribute not in stated:
            question = fact_questions(self.rng, self.split, "<c0>", other)
            plan.exchange(cast.prompter, question, UNKNOWN)
        return plan

    def _recall_looks(self) -> Plan:
        """Questions on a concept's looks, from its tokens alone."""
        cast, rng = self.cast(1), self.rng
        scene = sample_scene(rng, [cast.concepts[0].identity])
        plan = Plan("facts", _prefixes(cast, "read"))
        while plan.exchanges < _FACTS_PER_SAMPLE:
            question = ask(scene, {0: "<c0>"}, rng, self.split)
            if question.topic in _LOOKS:
                plan.exchange(cast.prompter, question.text, question.answer)
        return plan

    def text(self, concept_share: float) -> Plan:
        """One of the agent's text tasks, now and then after in-context examples."""
        turn = sample_turn(self.rng, self.split)
        plan = Plan("text")
        if self.rng.random() < _WITH_EXAMPLES:
            count = self.rng.choice((1, 2))
            for example in sample_examples(self.rng, self.split, turn, count):
                plan.parts.append(self.plain.text(example.prompt))
                plan.parts.append(self.plain.text(example.reply))
        plan.exchange(self.plain, turn.prompt, turn.reply)
        return plan

    @property
    def makers(self) -> dict[str, Callable[[float], Plan]]:
        """Planners by the recipe's names."""
        return {
            "draw": self.draw,
            "look": self.look,
            "recognise": self.recognise,
            "text": self.text,
            "edit": self.edit,
            "facts": self.facts,
            "told": self.told,
            "echo": lambda _share: self.echoes.sample(),
        }


def _prefixes(cast: Cast, use: Use, *, dropped: bool = False) -> list[Segment | Latent]:
    return [] if dropped else list(cast.prompter.prefixes(use))


def laid_out(plans: Sequence[Plan], config: ModelConfig) -> list[Sample]:
    """Return plans as samples; latents, noise and times of their pictures are zero still."""
    side = config.max_latent_size * config.latent_patch_size
    clean = clean_image(config, torch.zeros(config.autoencoder.z_channels, side, side))
    target = replace(clean, noise=clean.tokens)
    edited = replace(target, source=clean.tokens)

    def segment(part: Segment | Latent) -> Segment:
        if not isinstance(part, Latent):
            return part
        return clean if not part.is_target else target if part.source is None else edited

    return [Sample(segments=tuple(segment(part) for part in plan.parts)) for plan in plans]
