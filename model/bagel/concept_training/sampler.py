"""The training samples of one concept, drawn from its dataset step by step.

Knows the dataset and segments. Does not know losses or optimisers.
"""

import random
from dataclasses import dataclass, replace
from typing import Final

import torch

from omnipersona.model.bagel.concept_training.dataset import SLOT, ConceptDataset, Picture
from omnipersona.model.bagel.flow.matching import spread_times
from omnipersona.model.bagel.prompt_layout import Prompter
from omnipersona.model.bagel.prompts import RECOGNITION_WEIGHT, fact_question, recognition_question
from omnipersona.model.bagel.sequence import GenImage, Sample, Segment, target_image
from omnipersona.model.contract import Fact

_KIND_QUESTION: Final = f"what is {SLOT}?"
_RECOGNITION: Final = (
    recognition_question(SLOT),
    f"is this {SLOT}?",
    f"do you see {SLOT} here?",
    f"is {SLOT} in the photo?",
)
_FACTS_AT_ONCE: Final = 12
_SLOT_ALONE: Final = 0.2
_HELD_OUT_TIMES: Final = (0.3, 0.6, 0.9)


@dataclass(frozen=True, slots=True)
class ConceptSampler:
    """Draws the samples of a step from a dataset.

    Attributes:
        dataset: Of one concept.
        prompter: Its slot filled.
        timestep_shift: Of the training times.
        rng: Draws samples.
        noise: Draws times and noise.
        edit_ports: Whether the model takes the source of an edit at its ports.
    """

    dataset: ConceptDataset
    prompter: Prompter
    timestep_shift: float
    rng: random.Random
    noise: torch.Generator
    edit_ports: bool = False

    def reading(self) -> list[Sample]:
        """Return a photo with questions, a negative if there are any, and a round of facts.

        Without negatives, recognition is not asked: "yes" alone would unlearn to say no.
        """
        dataset, rng = self.dataset, self.rng
        photo = rng.choice(dataset.photos)
        about = [rng.choice(photo.answers)] if photo.answers else []
        samples = []
        if dataset.negatives:
            samples.append(self._recognition(photo.picture, about, present=True))
            samples.append(self._recognition(rng.choice(dataset.negatives), [], present=False))
        elif about:
            samples.append(self._exchanges([photo.picture.seen], about))
        turns = [_fact_turn(fact, rng) for fact in dataset.facts]
        if dataset.kind:
            turns.append((_KIND_QUESTION, f"a {dataset.kind}"))
        if turns:
            asked = rng.sample(turns, min(_FACTS_AT_ONCE, len(turns)))
            samples.append(self._exchanges([], asked))
        return samples

    def drawing(self, count: int) -> list[Sample]:
        """Return drawings of photos from their captions, now and then from the slot alone."""
        samples = []
        for photo in self.rng.choices(self.dataset.photos, k=count):
            is_told = self.rng.random() >= _SLOT_ALONE
            caption = photo.caption if is_told else f"a photo of {SLOT}"
            samples.append(
                self._painted([self.prompter.text(caption, use="draw")], photo.picture.latents)
            )
        return samples

    def editing(self) -> list[Sample]:
        """Return one edit, if there are any."""
        if not self.dataset.edits:
            return []
        pair = self.rng.choice(self.dataset.edits)
        source, told = pair.source, self.prompter.text(pair.instruction, use="draw")
        ported = source.latents.tokens if self.edit_ports else None
        target = replace(pair.target.latents, source=ported)
        return [self._painted([source.latents, source.seen, told], target)]

    def held_out(self) -> list[Sample]:
        """Return recognition and drawings of the photos that are held out, always the same."""
        noise = torch.Generator().manual_seed(0)
        samples = []
        for photo in self.dataset.held_out:
            turns = [(_RECOGNITION[0], "yes"), *photo.answers]
            samples.append(self._exchanges([photo.picture.seen], turns))
            caption = self.prompter.text(photo.caption, use="draw")
            for t in _HELD_OUT_TIMES:
                target = target_image(photo.picture.latents, t, noise)
                samples.append(Sample(segments=(*self.prompter.prefixes("draw"), caption, target)))
        return samples

    def _recognition(
        self, picture: Picture, about: list[tuple[str, str]], *, present: bool
    ) -> Sample:
        asked = (self.rng.choice(_RECOGNITION), "yes" if present else f"no, {SLOT} is not here")
        return self._exchanges([picture.seen], [asked, *about], RECOGNITION_WEIGHT)

    def _exchanges(
        self, before: list[Segment], turns: list[tuple[str, str]], first_weight: float = 1.0
    ) -> Sample:
        segments: list[Segment] = [*self.prompter.prefixes("read"), *before]
        for branch, (question, answer) in enumerate(turns, start=1):
            weight = first_weight if branch == 1 else 1.0
            segments += self.prompter.exchange(question, answer, branch, weight)
        return Sample(segments=tuple(segments))

    def _painted(self, before: list[Segment], picture: GenImage) -> Sample:
        (t,) = spread_times(1, self.timestep_shift, self.noise).tolist()
        target = target_image(picture, t, self.noise)
        return Sample(segments=(*self.prompter.prefixes("draw"), *before, target))


def _fact_turn(fact: Fact, rng: random.Random) -> tuple[str, str]:
    questions = (
        fact_question(SLOT, fact.attribute),
        fact_question(SLOT, fact.attribute),
        f"{SLOT}'s {fact.attribute}?",
        f"tell me {SLOT}'s {fact.attribute}",
    )
    return rng.choice(questions), fact.value
