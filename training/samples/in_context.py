"""Training samples about characters that words or photos introduce, without learned tokens.

What every method meets that does not learn, in the forms that serve it best: a header with all
looks and facts, the same as a noun phrase, photos to go by, photos with a header. Knows scenes and
segments. Does not know synthetic concepts.
"""

import random
from collections.abc import Callable
from typing import Final, Literal

from omnipersona.model.bagel.config import ModelConfig
from omnipersona.model.bagel.prompt_layout import Prompter
from omnipersona.model.bagel.prompts import RECOGNITION_WEIGHT, introduction
from omnipersona.training.corpus.captions import caption
from omnipersona.training.corpus.edits import EDIT_KINDS, sample_edit
from omnipersona.training.corpus.facts import fact_questions, sample_facts
from omnipersona.training.corpus.knowing import profile, wish_needing_facts
from omnipersona.training.corpus.phrasing import Split
from omnipersona.training.corpus.questions import NOT_HERE, ask, recognise
from omnipersona.training.corpus.words import looks_phrase, the
from omnipersona.training.samples.plans import Latent, Plan
from omnipersona.training.world.labels import show
from omnipersona.training.world.scene import (
    Identity,
    look_alike,
    sample_identity,
    sample_scene,
)

Form = Literal["header", "noun phrase", "photos", "photos and header"]

_SLOT: Final = "<c0>"
_FORMS: Final[dict[Form, float]] = {
    "header": 0.35,
    "noun phrase": 0.25,
    "photos": 0.25,
    "photos and header": 0.15,
}
_MOST_FACTS: Final = 8
_NUM_PHOTOS: Final = {1: 0.65, 2: 0.25, 3: 0.1}
_NEEDS_FACTS: Final = 0.4
_PRESENT: Final = 0.5
_ALIKE: Final = 0.8
_DROP_TEXT: Final = 0.1


class InContext:
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
        """Draw an introduced character; the wish may need one of its facts."""
        rng, form = self.rng, self._form()
        identity = sample_identity(rng)
        facts = sample_facts(rng, rng.randint(0, _MOST_FACTS))
        has_header = form in ("header", "photos and header")
        wish = None
        if has_header and rng.random() < _NEEDS_FACTS:
            wish = wish_needing_facts(_SLOT, identity, facts, rng, self.split)
        if wish is None:
            scene = sample_scene(rng, [identity])
            wish = scene, caption(scene, {0: _SLOT}, rng, self.split)
        scene, text = wish
        if form == "noun phrase":
            text = text.replace(_SLOT, looks_phrase(identity))
        plan = Plan("draw")
        header = self._introduce(plan, form, identity, lambda: profile(_SLOT, identity, facts))
        dropped = rng.random() < _DROP_TEXT
        plan.parts.append(self.prompter.text(header + text, dropped=dropped))
        plan.paint(self.config, show(scene, self.config.image_size))
        return plan

    def edit(self) -> Plan:
        """Change a picture by an instruction about an introduced character."""
        rng, size, form = self.rng, self.config.image_size, self._form()
        identity, kind, edit = sample_identity(rng), rng.choice(EDIT_KINDS), None
        while edit is None:
            scene = sample_scene(rng, [identity])
            edit = sample_edit(scene, {0: _SLOT}, rng, self.split, kind)
        text = edit.instruction
        if form == "noun phrase":
            is_there = any(figure.identity == identity for figure in edit.source.figures)
            looks = looks_phrase(identity)
            text = text.replace(_SLOT, the(looks) if is_there else looks)
        facts = sample_facts(rng, rng.randint(0, _MOST_FACTS))
        plan = Plan("edit")
        header = self._introduce(plan, form, identity, lambda: profile(_SLOT, identity, facts))
        source, target = (show(one, size) for one in (edit.source, edit.target))
        plan.change(self.config, self.prompter.text(header + text), source, target)
        return plan

    def look(self) -> Plan:
        """Recognise whom words or photos introduced, then answer another question."""
        rng, form, size = self.rng, self._form(), self.config.image_size
        identity = sample_identity(rng)
        present = rng.random() < _PRESENT
        scene = sample_scene(rng, [identity if present else self._other(identity, form)])
        facts = sample_facts(rng, rng.randint(0, _MOST_FACTS))
        plan = Plan("look")
        header = self._introduce(
            plan, form, identity, lambda: profile(_SLOT, identity, facts), is_read=True
        )
        plan.see(self.config, show(scene, size))
        recognised = recognise(_SLOT, present, rng, self.split)
        asked = ask(scene, {0: _SLOT} if present else {}, rng, self.split)
        for question, weight in ((recognised, RECOGNITION_WEIGHT), (asked, 1.0)):
            text, answer = question.text, question.answer
            if form == "noun phrase":
                text = text.replace(_SLOT, the(looks_phrase(identity)))
                answer = NOT_HERE if _SLOT in answer else answer
            plan.exchange(self.prompter, header + text, answer, weight)
        return plan

    def facts(self) -> Plan:
        """Answer from a header."""
        rng = self.rng
        facts = sample_facts(rng, rng.randint(1, _MOST_FACTS))
        header = profile(_SLOT, sample_identity(rng), facts)
        fact = rng.choice(facts)
        plan = Plan("facts")
        question = fact_questions(rng, self.split, _SLOT, fact)
        plan.exchange(self.prompter, f"{header}\n{question}", fact.value)
        return plan

    def _form(self) -> Form:
        return self.rng.choices(list(_FORMS), list(_FORMS.values()))[0]

    def _introduce(
        self,
        plan: Plan,
        form: Form,
        identity: Identity,
        header: Callable[[], str],
        *,
        is_read: bool = False,
    ) -> str:
        """Add the photos of a form to a plan; return the lines that go before the request."""
        lines = []
        if form.startswith("photos"):
            count = self.rng.choices(list(_NUM_PHOTOS), list(_NUM_PHOTOS.values()))[0]
            lines.append(introduction(_SLOT, count))
            for _ in range(count):
                photo = show(sample_scene(self.rng, [identity]), self.config.image_size)
                if not is_read:
                    plan.parts.append(Latent(photo.pixels, False))
                plan.see(self.config, photo)
        if form.endswith("header"):
            lines.append(header())
        return "".join(f"{line}\n" for line in lines)

    def _other(self, identity: Identity, form: Form) -> Identity:
        """Return somebody else; where words introduce, somebody whom they do not describe."""
        rng = self.rng
        while True:
            is_alike = rng.random() < _ALIKE
            other = look_alike(identity, rng) if is_alike else sample_identity(rng)
            if form == "photos" or looks_phrase(other) != looks_phrase(identity):
                return other
