"""The dataset of a concept: what its tokens are trained on.

The frozen model labels each photo, draws others of the kind as negatives, and makes edit triplets
by the kind's noun, which it checks by looking; the pictures are rough, many at once. Nothing else
comes in. Source: OmniPersona, joint learning from recognition, questions, drawings and edits.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import torch
from PIL import Image

from omnipersona.model.bagel.flow.guidance import GuidanceConfig, drawing_scales, editing_scales
from omnipersona.model.bagel.flow.sampling import DrawInputs, draw, picture
from omnipersona.model.bagel.images import write_png
from omnipersona.model.bagel.pipeline import Pipeline
from omnipersona.model.bagel.sequence import GenImage, UndImage
from omnipersona.model.contract import EditRequest, Fact, GenerateRequest

_NUM_STEPS: Final = 10
_ROWS: Final = 4096

RoughDrawings = Iterator[list[Image.Image] | None]


def draw_roughly(pipeline: Pipeline, prompts: Sequence[str], seed: int) -> RoughDrawings:
    """Yield None per prompt read and per step, then a picture of each prompt."""
    generator = torch.Generator().manual_seed(seed)
    inputs_list = []
    for prompt in prompts:
        with torch.no_grad():
            inputs_list.append(pipeline.drawing_of(GenerateRequest(prompt=prompt), generator))
        yield None
    yield from _painted(pipeline, inputs_list, drawing_scales(pipeline.config.sampling))


def edit_roughly(
    pipeline: Pipeline, images: Sequence[Image.Image], instructions: Sequence[str], seed: int
) -> RoughDrawings:
    """Yield None per picture read and per step, then each picture changed by its instruction."""
    generator = torch.Generator().manual_seed(seed)
    inputs_list = []
    for image, text in zip(images, instructions, strict=True):
        request = EditRequest(image=write_png(image), instruction=text)
        with torch.no_grad():
            inputs_list.append(pipeline.editing_of(request, generator))
        yield None
    yield from _painted(pipeline, inputs_list, editing_scales(pipeline.config.sampling))


@torch.no_grad()
def _painted(
    pipeline: Pipeline, inputs_list: list[DrawInputs], config: GuidanceConfig
) -> RoughDrawings:
    """Draw as many together as `_ROWS` allows; small pictures all at once."""
    shift = pipeline.config.sampling.timestep_shift
    together = max(1, _ROWS // max(inputs.grid.num_tokens for inputs in inputs_list))
    images = []
    for start in range(0, len(inputs_list), together):
        part = inputs_list[start : start + together]
        last = [inputs.noise_TE for inputs in part]
        for step in draw(part, num_steps=_NUM_STEPS, timestep_shift=shift, config=config):
            last = [tokens for tokens, _ in step]
            yield None
        images += [
            picture(pipeline.model, tokens, one.grid)
            for tokens, one in zip(last, part, strict=True)
        ]
    yield images


SLOT: Final = "<c0>"
_NUM_NEGATIVES: Final = 6
_LONGEST_WORDS: Final = 4
_COLOR: Final = f"what color is {SLOT}?"
_QUESTIONS: Final = (
    ("where is this?", "where is this?"),
    ("what is the {it} wearing?", f"what is {SLOT} wearing?"),
    ("what is the {it} doing?", f"what is {SLOT} doing?"),
    ("what color is the {it}?", _COLOR),
)
_NOTHING: Final = ("nothing", "no object", "none", "")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as both experts see it."""

    seen: UndImage
    latents: GenImage


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo of the concept.

    Attributes:
        picture: What is seen.
        caption: With the concept's slot, in the model's own words.
        answers: Questions with the slot, and the model's own answers.
    """

    picture: Picture
    caption: str
    answers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class EditPair:
    """A picture, an instruction with the slot, and its outcome; one of the two is a photo."""

    source: Picture
    instruction: str
    target: Picture


@dataclass(frozen=True, slots=True)
class Change:
    """One kind of edit.

    Attributes:
        request: By the kind's noun, for the model.
        told: With the slot, for the concept.
        question: By the noun; asked about the outcome.
        answer: What the answer must hold for the edit to count.
        undone: Instruction that leads back from the outcome to the photo, if there is one.
    """

    request: str
    told: str
    question: str
    answer: str
    undone: str | None = None


# The six kinds of edits that the benchmark asks for, twice those that bring the concept back.
CHANGES: Final = (
    Change("remove the {it}", f"remove {SLOT}", "is there a {it}?", "no", f"add {SLOT}"),
    Change(
        "replace the {it} with a white dog",
        f"replace {SLOT} with a white dog",
        "what animal is this?",
        "dog",
        f"replace the dog with {SLOT}",
    ),
    Change(
        "replace the {it} with a brown bear",
        f"replace {SLOT} with a brown bear",
        "what animal is this?",
        "bear",
        f"replace the bear with {SLOT}",
    ),
    Change("make the {it} red", f"make {SLOT} red", "what color is the {it}?", "red"),
    Change(
        "put a blue hat on the {it}",
        f"put a blue hat on {SLOT}",
        "what is the {it} wearing?",
        "a blue hat",
    ),
    Change(
        "put yellow glasses on the {it}",
        f"put yellow glasses on {SLOT}",
        "what is the {it} wearing?",
        "yellow glasses",
    ),
    Change("change the place to the snow", f"put {SLOT} in the snow", "where is this?", "snow"),
    Change(
        "change the place to the beach",
        f"put {SLOT} at the beach",
        "where is this?",
        "beach",
    ),
    Change("add a red ball", "add a red ball", "what object do you see?", "a red ball"),
)


@dataclass(frozen=True, slots=True)
class SelfLabeler:
    """What the dataset needs of the frozen model, bound to its pipeline by the trainer.

    Attributes:
        see: Picture to segments.
        ask: Question about a picture, without concepts.
        draw: Prompts and seed to pictures, together.
        change: Pictures, their instructions and seed to pictures, together.
    """

    see: Callable[[Image.Image], Picture]
    ask: Callable[[str, Image.Image], str]
    draw: Callable[[Sequence[str], int], RoughDrawings]
    change: Callable[[Sequence[Image.Image], Sequence[str], int], RoughDrawings]


@dataclass(slots=True)
class ConceptDataset:
    """Everything one concept is taught with.

    Attributes:
        facts: Stated by the user.
        kind: Noun, if known.
        photos: With captions.
        held_out: Photos that are not taught, to see by what learning gains.
        negatives: Others of its kind, half of them of its colour.
        edits: Pairs made by the model itself.
    """

    facts: tuple[Fact, ...]
    kind: str | None
    photos: list[Photo] = field(default_factory=list)
    held_out: list[Photo] = field(default_factory=list)
    negatives: list[Picture] = field(default_factory=list)
    edits: list[EditPair] = field(default_factory=list)


def prepare(
    dataset: ConceptDataset,
    photos: list[Image.Image],
    labeler: SelfLabeler,
    seed: int,
    *,
    is_thorough: bool,
) -> Iterator[None]:
    """Fill the dataset; pauses after each picture and each step of drawing, so that one can stop.

    Args:
        dataset: Empty but for facts and kind; without a kind there are neither negatives of the
            kind nor edits.
        photos: Of the concept.
        labeler: The model.
        seed: Of negatives and edits.
        is_thorough: Whether to make negatives and edits, and to ask more of each photo.
    """
    kind = dataset.kind
    for image in photos:
        dataset.photos.append(_described(image, kind or "animal", labeler, is_thorough=is_thorough))
        yield
    if kind is None or not is_thorough:
        return
    for drawn in labeler.draw(_others(dataset.photos, kind), seed):
        yield
        for image in drawn or ():
            dataset.negatives.append(labeler.see(image))
            yield
    sources = [photos[i % len(photos)] for i in range(len(CHANGES))]
    for changed in labeler.change(sources, [one.request.format(it=kind) for one in CHANGES], seed):
        yield
        for source, change, outcome in zip(sources, CHANGES, changed or (), strict=False):
            dataset.edits += _edit_pairs(source, change, outcome, kind, labeler)
            yield


def _others(photos: Sequence[Photo], kind: str) -> list[str]:
    """Return prompts for others of the kind; half of them of the colour that most photos show."""
    colors = [dict(photo.answers).get(_COLOR) for photo in photos]
    known = Counter(color for color in colors if color)
    likest = [f"a {color} {kind}" for color, _ in known.most_common(1)] or [f"a {kind}"]
    half = _NUM_NEGATIVES // 2
    return [f"a {kind}"] * (_NUM_NEGATIVES - half) + likest * half


def _described(image: Image.Image, noun: str, labeler: SelfLabeler, *, is_thorough: bool) -> Photo:
    asked = _QUESTIONS if is_thorough else _QUESTIONS[:2]
    answers = [(told, labeler.ask(question.format(it=noun), image)) for question, told in asked]
    short = {told: a for told, a in answers if 0 < len(a.split()) <= _LONGEST_WORDS}
    place, worn = (short.get(told, "") for _, told in _QUESTIONS[:2])
    wearing = "" if worn in _NOTHING else f" wearing {worn}"
    where = f" {place}" if place else ""
    return Photo(labeler.see(image), f"{SLOT}{wearing}{where}", tuple(short.items()))


def _edit_pairs(
    photo: Image.Image, change: Change, outcome: Image.Image, kind: str, labeler: SelfLabeler
) -> Iterator[EditPair]:
    """Yield the pair, and the way back, if the model's own eyes agree that the edit was done."""
    if change.answer not in labeler.ask(change.question.format(it=kind), outcome):
        return
    before, after = labeler.see(photo), labeler.see(outcome)
    yield EditPair(before, change.told, after)
    if change.undone is not None:
        yield EditPair(after, change.undone, before)
