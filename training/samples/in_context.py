"""Training samples about a character that words or a photo introduce, without learned tokens.

What every method meets that does not learn: a profile in the prompt, or a photo in the context.
Knows scenes and segments. Does not know pseudo-concepts.
"""

import random
from typing import Final

from omnipersona.model.concept.prompt import Prompter
from omnipersona.model.config import ModelConfig
from omnipersona.model.skills import RECOGNITION_WEIGHT, introduction
from omnipersona.training.corpus.captions import canonical_caption
from omnipersona.training.corpus.facts import fact_questions, sample_facts
from omnipersona.training.corpus.knowing import profile, wish_needing_facts
from omnipersona.training.corpus.phrasing import Split
from omnipersona.training.corpus.questions import ask, recognise
from omnipersona.training.samples.plans import Latent, Plan
from omnipersona.training.world.labels import show
from omnipersona.training.world.scene import Identity, look_alike, sample_identity, sample_scene

_SLOT: Final = "<c0>"


class Strangers:
    """Draws such samples.

    Args:
        prompter: Without concepts, so that a slot is mere text.
        config: Sizes.
        rng: Draws everything.
        split: Which phrasings.
    """

    def __init__(
        self, prompter: Prompter, config: ModelConfig, rng: random.Random, split: Split
    ) -> None:
        self.prompter = prompter
        self.config = config
        self.rng = rng
        self.split: Split = split

    def draw(self) -> Plan:
        """Draw from a profile; the wish may need one of its facts."""
        rng = self.rng
        identity, facts = sample_identity(rng), sample_facts(rng, rng.randint(1, 5))
        wish = wish_needing_facts(_SLOT, identity, facts, rng, self.split)
        if wish is None or rng.random() < 0.4:
            scene = sample_scene(rng, [identity])
            wish = scene, canonical_caption(scene, {0: _SLOT})
        scene, text = wish
        header = profile(_SLOT, identity, facts)
        plan = Plan("draw", [self.prompter.text(f"{header}\n{text}")])
        plan.paint(self.config, show(scene, self.config.image_size))
        return plan

    def redraw(self) -> Plan:
        """Draw the character of a photo in another place."""
        rng, size = self.rng, self.config.image_size
        identity = sample_identity(rng)
        photo = show(sample_scene(rng, [identity]), size)
        scene = sample_scene(rng, [identity])
        text = f"{introduction(_SLOT)}\n{canonical_caption(scene, {0: _SLOT})}"
        plan = Plan("edit", [Latent(photo.pixels, False)])
        plan.see(self.config, photo)
        plan.parts.append(self.prompter.text(text))
        plan.paint(self.config, show(scene, size), photo)
        return plan

    def look(self) -> Plan:
        """Recognise whom a profile or a photo introduced, then answer another question."""
        rng = self.rng
        identity = sample_identity(rng)
        present = rng.random() < 0.5
        shown = identity if present else self._other(identity)
        scene = sample_scene(rng, [shown])
        plan = Plan("look")
        if rng.random() < 0.5:
            plan.see(self.config, show(sample_scene(rng, [identity]), self.config.image_size))
            header = introduction(_SLOT)
        else:
            header = profile(_SLOT, identity, sample_facts(rng, rng.randint(0, 3)))
        plan.see(self.config, show(scene, self.config.image_size))
        question = recognise(_SLOT, present, rng, self.split)
        asked = f"{header}\n{question.text}"
        plan.exchange(self.prompter, asked, question.answer, RECOGNITION_WEIGHT)
        question = ask(scene, {0: _SLOT} if present else {}, rng, self.split)
        plan.exchange(self.prompter, question.text, question.answer)
        return plan

    def facts(self) -> Plan:
        """Answer from a profile."""
        rng = self.rng
        facts = sample_facts(rng, rng.randint(1, 6))
        header = profile(_SLOT, sample_identity(rng), facts)
        fact = rng.choice(facts)
        plan = Plan("facts")
        question = fact_questions(rng, self.split, _SLOT, fact)
        plan.exchange(self.prompter, f"{header}\n{question}", fact.value)
        return plan

    def _other(self, identity: Identity) -> Identity:
        rng = self.rng
        return look_alike(identity, rng) if rng.random() < 0.5 else sample_identity(rng)
