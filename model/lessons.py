"""What a concept is taught with: samples made from photos, facts and the model's own eyes.

The frozen model itself says where each photo was taken and what is worn, draws others of the same
kind as negatives, and makes edit pairs by the kind's noun. Nothing comes from outside the request.
Source: OmniPersona, joint learning from recognition, questions, drawings and edit triplets.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import torch
from PIL import Image

from omnipersona.model.concept.prompt import Prompter
from omnipersona.model.contract import Fact
from omnipersona.model.sequence.pictures import target_image
from omnipersona.model.sequence.segments import GenImage, Sample, Segment, UndImage
from omnipersona.model.skills import fact_question, recognition_question

SLOT: Final = "<c0>"
_KIND_QUESTION: Final = f"what is {SLOT}?"
_RECOGNITION: Final = (
    recognition_question(SLOT),
    f"is this {SLOT}?",
    f"do you see {SLOT} here?",
    f"is {SLOT} in the photo?",
)
_NUM_NEGATIVES: Final = 6
_EDITS: Final = ("remove {it}", "put a blue hat on {it}", "put {it} in the snow")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as both experts see it."""

    seen: UndImage
    latents: GenImage


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo of the concept and a caption with its slot, in the model's own words."""

    picture: Picture
    caption: str


@dataclass(frozen=True, slots=True)
class EditPair:
    """A photo, an instruction with the slot, and the model's own outcome."""

    source: Picture
    instruction: str
    target: Picture


@dataclass(frozen=True, slots=True)
class Eyes:
    """What lessons need of a model: its doors, bound by the runtime.

    Attributes:
        see: Picture to segments.
        ask: Question about a picture, without concepts.
        draw: Prompt and seed to a picture.
        change: Picture, instruction and seed to a picture.
    """

    see: Callable[[Image.Image], Picture]
    ask: Callable[[str, Image.Image], str]
    draw: Callable[[str, int], Image.Image]
    change: Callable[[Image.Image, str, int], Image.Image]


@dataclass(slots=True)
class Lessons:
    """Everything one concept is taught with.

    Attributes:
        facts: Stated by the user.
        kind: Noun, if known.
        photos: With captions.
        negatives: Others of its kind.
        edits: Pairs made by the model itself.
    """

    facts: tuple[Fact, ...]
    kind: str | None
    photos: list[Photo] = field(default_factory=list)
    negatives: list[Picture] = field(default_factory=list)
    edits: list[EditPair] = field(default_factory=list)


def prepare(
    lessons: Lessons, photos: list[Image.Image], eyes: Eyes, seed: int, *, is_thorough: bool
) -> Iterator[None]:
    """Fill the lessons; pauses after each picture, so that a caller can stop.

    Args:
        lessons: Empty but for facts and kind; without a kind there are neither negatives of the
            kind nor edits.
        photos: Of the concept.
        eyes: The model.
        seed: Of negatives and edits.
        is_thorough: Whether to make negatives and edits.
    """
    kind = lessons.kind
    for image in photos:
        lessons.photos.append(Photo(eyes.see(image), _caption(image, kind or "animal", eyes)))
        yield
    if kind is None or not is_thorough:
        return
    for i in range(_NUM_NEGATIVES):
        lessons.negatives.append(eyes.see(eyes.draw(f"a {kind}", seed + i)))
        yield
    for i, instruction in enumerate(_EDITS):
        image = photos[i % len(photos)]
        pair = _edit_pair(image, instruction, kind, eyes, seed + i)
        lessons.edits += [pair] if pair else []
        yield


def _caption(image: Image.Image, noun: str, eyes: Eyes) -> str:
    place = eyes.ask("where is this?", image)
    worn = eyes.ask(f"what is the {noun} wearing?", image)
    wearing = "" if worn in ("nothing", "") or len(worn.split()) > 4 else f" wearing {worn}"
    where = f" {place}" if 0 < len(place.split()) <= 4 else ""
    return f"{SLOT}{wearing}{where}"


def _edit_pair(
    image: Image.Image, instruction: str, kind: str, eyes: Eyes, seed: int
) -> EditPair | None:
    """Edit by the noun; keep the pair only if the model's own eyes agree that it was done."""
    outcome = eyes.change(image, instruction.format(it=f"the {kind}"), seed)
    there = eyes.ask(f"is there a {kind}?", outcome)
    if there != ("no" if instruction.startswith("remove") else "yes"):
        return None
    return EditPair(eyes.see(image), instruction.format(it=SLOT), eyes.see(outcome))


@dataclass(frozen=True, slots=True)
class Teacher:
    """Draws the samples of a step from lessons.

    Attributes:
        lessons: Of one concept.
        prompter: Its slot filled.
        timestep_shift: Of the training times.
        rng: Draws samples.
        noise: Draws times and noise.
    """

    lessons: Lessons
    prompter: Prompter
    timestep_shift: float
    rng: random.Random
    noise: torch.Generator

    def reading(self) -> list[Sample]:
        """Return recognition with a positive and a negative, and a round of facts."""
        lessons, rng = self.lessons, self.rng
        samples = [self._recognition(rng.choice(lessons.photos).picture, present=True)]
        if lessons.negatives:
            samples.append(self._recognition(rng.choice(lessons.negatives), present=False))
        turns = [_fact_turn(fact, rng) for fact in lessons.facts]
        if lessons.kind:
            turns.append((_KIND_QUESTION, f"a {lessons.kind}"))
        if turns:
            samples.append(self._exchanges([], rng.sample(turns, min(4, len(turns)))))
        return samples

    def drawing(self, count: int) -> list[Sample]:
        """Return drawings of photos from their captions, now and then from the slot alone."""
        samples = []
        for photo in self.rng.choices(self.lessons.photos, k=count):
            caption = photo.caption if self.rng.random() < 0.8 else f"a photo of {SLOT}"
            samples.append(self._sample([self.prompter.text(caption)], photo.picture.latents))
        return samples

    def editing(self) -> list[Sample]:
        """Return one edit, if there are any."""
        if not self.lessons.edits:
            return []
        pair = self.rng.choice(self.lessons.edits)
        before: list[Segment] = [pair.source.latents]
        before.append(self.prompter.text(pair.instruction))
        return [self._sample(before, pair.target.latents)]

    def _recognition(self, picture: Picture, *, present: bool) -> Sample:
        answer = "yes" if present else f"no, {SLOT} is not here"
        return self._exchanges([picture.seen], [(self.rng.choice(_RECOGNITION), answer)])

    def _exchanges(self, before: list[Segment], turns: list[tuple[str, str]]) -> Sample:
        segments: list[Segment] = [*self.prompter.prefixes(), *before]
        for question, answer in turns:
            segments.append(self.prompter.text(question))
            segments.append(self.prompter.text(answer, has_loss=True))
        return Sample(segments=tuple(segments))

    def _sample(self, before: list[Segment], picture: GenImage) -> Sample:
        target = target_image(picture, self.timestep_shift, self.noise)
        return Sample(segments=(*self.prompter.prefixes(), *before, target))


def _fact_turn(fact: Fact, rng: random.Random) -> tuple[str, str]:
    questions = (
        fact_question(SLOT, fact.attribute),
        fact_question(SLOT, fact.attribute),
        f"{SLOT}'s {fact.attribute}?",
        f"tell me {SLOT}'s {fact.attribute}",
    )
    return rng.choice(questions), fact.value
