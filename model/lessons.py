"""What a concept is taught with: photos, facts and what the model itself makes of them.

The frozen model itself says what each photo shows, draws others of the same kind as negatives, and
makes edit pairs by the kind's noun, which its own eyes check. Nothing else comes in.
Source: OmniPersona, joint learning from recognition, questions, drawings and edit triplets.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from PIL import Image

from omnipersona.model.contract import Fact
from omnipersona.model.drafts import Drafts
from omnipersona.model.sequence.segments import GenImage, UndImage

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
class Eyes:
    """What lessons need of a model: its doors, bound by `learning`.

    Attributes:
        see: Picture to segments.
        ask: Question about a picture, without concepts.
        draw: Prompts and seed to pictures, together.
        change: Pictures, their instructions and seed to pictures, together.
    """

    see: Callable[[Image.Image], Picture]
    ask: Callable[[str, Image.Image], str]
    draw: Callable[[Sequence[str], int], Drafts]
    change: Callable[[Sequence[Image.Image], Sequence[str], int], Drafts]


@dataclass(slots=True)
class Lessons:
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
    lessons: Lessons, photos: list[Image.Image], eyes: Eyes, seed: int, *, is_thorough: bool
) -> Iterator[None]:
    """Fill the lessons; pauses after each picture and each step of drawing, so that one can stop.

    Args:
        lessons: Empty but for facts and kind; without a kind there are neither negatives of the
            kind nor edits.
        photos: Of the concept.
        eyes: The model.
        seed: Of negatives and edits.
        is_thorough: Whether to make negatives and edits, and to ask more of each photo.
    """
    kind = lessons.kind
    for image in photos:
        lessons.photos.append(_described(image, kind or "animal", eyes, is_thorough=is_thorough))
        yield
    if kind is None or not is_thorough:
        return
    for drawn in eyes.draw(_others(lessons.photos, kind), seed):
        yield
        for image in drawn or ():
            lessons.negatives.append(eyes.see(image))
            yield
    sources = [photos[i % len(photos)] for i in range(len(CHANGES))]
    for changed in eyes.change(sources, [one.request.format(it=kind) for one in CHANGES], seed):
        yield
        for source, change, outcome in zip(sources, CHANGES, changed or (), strict=False):
            lessons.edits += _edit_pairs(source, change, outcome, kind, eyes)
            yield


def _others(photos: Sequence[Photo], kind: str) -> list[str]:
    """Return prompts for others of the kind; half of them of the colour that most photos show."""
    colors = [dict(photo.answers).get(_COLOR) for photo in photos]
    known = Counter(color for color in colors if color)
    likest = [f"a {color} {kind}" for color, _ in known.most_common(1)] or [f"a {kind}"]
    half = _NUM_NEGATIVES // 2
    return [f"a {kind}"] * (_NUM_NEGATIVES - half) + likest * half


def _described(image: Image.Image, noun: str, eyes: Eyes, *, is_thorough: bool) -> Photo:
    asked = _QUESTIONS if is_thorough else _QUESTIONS[:2]
    answers = [(told, eyes.ask(question.format(it=noun), image)) for question, told in asked]
    short = {told: a for told, a in answers if 0 < len(a.split()) <= _LONGEST_WORDS}
    place, worn = (short.get(told, "") for _, told in _QUESTIONS[:2])
    wearing = "" if worn in _NOTHING else f" wearing {worn}"
    where = f" {place}" if place else ""
    return Photo(eyes.see(image), f"{SLOT}{wearing}{where}", tuple(short.items()))


def _edit_pairs(
    photo: Image.Image, change: Change, outcome: Image.Image, kind: str, eyes: Eyes
) -> Iterator[EditPair]:
    """Yield the pair, and the way back, if the model's own eyes agree that the edit was done."""
    if change.answer not in eyes.ask(change.question.format(it=kind), outcome):
        return
    before, after = eyes.see(photo), eyes.see(outcome)
    yield EditPair(before, change.told, after)
    if change.undone is not None:
        yield EditPair(after, change.undone, before)
