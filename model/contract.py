"""What everything above sees of a model: requests, results, events and the protocol.

Knows no torch, so that importing it costs none. Pictures cross it as PNG bytes, concepts as the
bytes of their safetensors file. Inside every text of a request, concept `i` is written as its slot
`<ci>`: `request.concepts[i]` fills it. The user's own spelling of a name never reaches the model.

Requests of one `tenant` wait for each other and tenants take turns, so that nobody waits for all
that another has asked; what a tenant stands for is the caller's affair.

Long work is an iterator of events that ends with its result. Every method may be called from any
thread; a set `cancel` event, or `cancel` with the request's id, makes the iterator raise
`Cancelled` before its next step. Files may be sent by their digest alone: a model that has not seen
one raises `MissingFiles`, and the caller sends it whole.
"""

import hashlib
import math
import threading
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, Self, get_args

from omnipersona.model.errors import MissingFiles, RequestError

MAX_TEXT: Final = 20_000


def check_text(field: str, text: str) -> None:
    """Refuse a text that is empty, too long or not whole."""
    if not text.strip():
        raise RequestError(field, "is empty; write what you want.")
    check_readable(field, text)


def check_readable(field: str, text: str) -> None:
    """Refuse a text that is too long or not whole."""
    if len(text) > MAX_TEXT:
        raise RequestError(field, f"has {len(text)} characters; at most {MAX_TEXT} can be read.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        reason = f"holds half a character at place {error.start}; write it again."
        raise RequestError(field, reason) from error


def check_whole(field: str, value: int, low: int, high: int) -> None:
    """Refuse what is no whole number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise RequestError(field, f"is {value}; it must be a whole number from {low} to {high}.")


def check_range(field: str, value: float, low: float, high: float) -> None:
    """Refuse what is no number from `low` to `high`."""
    if not math.isfinite(value) or not low <= value <= high:
        raise RequestError(field, f"is {value}; it must lie between {low} and {high}.")


Preset = Literal["quick", "nano", "paper"]
"""Length of a lesson."""


Routing = Literal["decoupled", "unified", "apart"]
"""How a concept's tokens are laid out in a prompt.

`decoupled`: und tokens go through the understanding expert, gen tokens through the generation
expert, and both stand in every prompt. `unified`: all go through the understanding expert.
`apart`: each side stands only in the prompts of its own kind, with an identifier of its own.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Abilities:
    """What a model can do beyond answering and drawing one picture.

    Attributes:
        edits: Changes given pictures.
        masks: Keeps the pixels of an edit that its words do not touch.
        num_images: Pictures that a question may be about.
        num_references: Pictures that a drawing or an edit may go by.
        thinks: Was trained to think in words first.
        previews: Shows a picture while it is drawn.
        learns: Learns concepts from photos.
        routings: How concepts may be laid out.
        stride: Sides of a drawing are multiples of it, pixels.
        ratios: Width to height of drawings that it does well.
        languages: Codes of languages that it reads, e.g. "en".
    """

    edits: bool = True
    masks: bool = False
    num_images: int = 1
    num_references: int = 0
    thinks: bool = False
    previews: bool = True
    learns: bool = True
    routings: tuple[Routing, ...] = ("decoupled",)
    stride: int = 16
    ratios: tuple[tuple[int, int], ...] = ((1, 1),)
    languages: tuple[str, ...] = ("en",)


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelInfo:
    """What a model is and can hold.

    Attributes:
        name: For people, e.g. "nano".
        fingerprint: Hash of the weights that concept tokens depend on.
        device: E.g. "cpu".
        dtype: E.g. "float32", and why.
        image_size: Default side of a drawing, pixels.
        max_image_size: Longest side it can draw or read, pixels.
        display_size: Side at which the page should show its drawings, pixels.
        world: One sentence on what it can see and draw.
        num_steps: Default velocity evaluations.
        cfg_text_scale: Default pull of the words on a drawing.
        num_examples: In-context examples that its text tasks work best with.
        concept_width: Numbers in one vector of a concept.
        lesson: Preset of a whole lesson.
        abilities: What it can do.
    """

    name: str
    fingerprint: str
    device: str
    dtype: str
    image_size: int
    max_image_size: int
    display_size: int
    world: str
    num_steps: int
    cfg_text_scale: float
    num_examples: int
    concept_width: int
    lesson: Preset
    abilities: Abilities


MAX_CONCEPTS = 10
MAX_SEED = 2**32 - 1

Weights = Literal["full", "int8", "float8", "nf4"]
"""Number types of the experts' matrices, the bulk of a large model."""


def slot(index: int) -> str:
    """Return the text that stands for concept `index` inside a request, e.g. `<c0>`."""
    return f"<c{index}>"


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """Bytes with their digest; without the bytes, the name of a file that the receiver has.

    Attributes:
        sha256: Hex digest.
        data: The bytes; None where only the name is sent.
    """

    sha256: str
    data: bytes | None = None

    @classmethod
    def of(cls, data: bytes) -> Self:
        """Return bytes with their digest."""
        return cls(data=data, sha256=hashlib.sha256(data).hexdigest())

    @classmethod
    def each(cls, data: Iterable[bytes]) -> tuple[Self, ...]:
        """Return several files."""
        return tuple(map(cls.of, data))

    @property
    def whole(self) -> bytes:
        """The bytes.

        Raises: MissingFiles: only the name was sent.
        """
        if self.data is None:
            raise MissingFiles([self.sha256])
        return self.data


@dataclass(frozen=True, kw_only=True, slots=True)
class ConceptFile(File):
    """A learned concept: one safetensors file (`concepts.file_format`)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What every request has.

    Attributes:
        tenant: Whose it is, for taking turns.
        id: Names it for `cancel`.
    """

    tenant: str = ""
    id: str = field(default_factory=lambda: uuid.uuid4().hex, compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """One in-context example of a text task."""

    prompt: str
    reply: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """A stated fact to be learned with a concept, e.g. attribute `toy`, value `a red ball`."""

    attribute: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerRequest(Request):
    """Ask the understanding expert.

    Attributes:
        question: Text with concept slots; a caption, recognition or knowledge question.
        images: PNG bytes; read before the question, or where it says `<p0>`, `<p1>`, ...
        concepts: Concept files; `concepts[i]` fills slot `<ci>`.
        examples: Turns placed before the question.
        max_tokens: Longest answer in tokens; None means the model's own limit.
        temperature: 0 takes the likeliest token.
        seed: Used when `temperature` > 0.
        think: Think in words first; the text then begins with `<think> ... </think>`.
    """

    question: str
    images: tuple[bytes, ...] = ()
    concepts: tuple[ConceptFile, ...] = ()
    examples: tuple[Example, ...] = ()
    max_tokens: int | None = None
    temperature: float = 0.0
    seed: int = 0
    think: bool = False

    def __post_init__(self) -> None:
        check_text("question", self.question)
        if self.max_tokens is not None:
            check_whole("max_tokens", self.max_tokens, 1, 4096)
        check_range("temperature", self.temperature, 0.0, 10.0)
        check_whole("seed", self.seed, 0, MAX_SEED)
        _check_concepts(self.concepts)
        _check_examples(self.examples)


Intent = Literal[
    "understand",
    "generate",
    "edit",
    "teach",
    "remember",
    "correct",
    "forget",
    "list",
    "explain",
    "undo",
    "again",
    "converse",
]
INTENTS: Final[tuple[Intent, ...]] = get_args(Intent)

PictureRef = Literal["attached", "shown", "none"]
"""The picture that a message is about: one that came with it, one shown before, or none."""
PICTURE_REFS: Final[tuple[PictureRef, ...]] = get_args(PictureRef)

Which = Literal["", "first", "second", "before", "all"]
"""Which of several pictures; empty where words do not say."""

Polarity = Literal["asserted", "denied", "doubted", "asked", "wished"]


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownConcept:
    """A concept that a message may mean: its slot and, if known, its noun."""

    slot: str
    kind: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """One thing said of a concept or of the user.

    Attributes:
        subject: Slot of whom it is about; "" is the user.
        attribute: E.g. `toy`; "" where `value` is a whole sentence.
        value: E.g. `a red ball`.
        polarity: Whether it is asserted at all.
    """

    subject: str = ""
    attribute: str = ""
    value: str
    polarity: Polarity = "asserted"

    def __str__(self) -> str:
        """Return it as a sentence, e.g. `the toy of <c0> is a red ball`."""
        if not self.attribute:
            return self.value
        return f"the {self.attribute} of {self.subject or 'me'} is {self.value}"


@dataclass(frozen=True, kw_only=True, slots=True)
class NewName:
    """A name that nobody has yet, and the noun it was given, if any."""

    name: str
    kind: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadRequest(Request):
    """Find out what a message means.

    Attributes:
        message: The user's words, with slots for names.
        known: Concepts that it may mean, in any order.
        last: Slot of the concept spoken of last, for "he", "she", "it"; "" for none.
        num_photos: Pictures that came with it.
        shown: A picture was shown earlier in the conversation.
        intent: What it is taken for, where the caller has decided; None lets its words decide.
        about: Slots of whom it is about, where that was asked; only statements are read then.
        num_examples: In-context examples; None means the model's own number.
    """

    message: str
    known: tuple[KnownConcept, ...] = ()
    last: str = ""
    num_photos: int = 0
    shown: bool = False
    intent: Intent | None = None
    about: tuple[str, ...] | None = None
    num_examples: int | None = None

    def __post_init__(self) -> None:
        check_text("message", self.message)
        check_whole("num_photos", self.num_photos, 0, 1000)
        _check_num_examples(self.num_examples)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a message was taken to mean; what a model cannot tell is empty.

    Attributes:
        intent: What the user wants; None where the model could not read the message.
        certainty: Of the intent, in [0, 1].
        picture: Which picture it is about.
        which: Which of several.
        about: Slots of whom it is about, in order of mention.
        new_names: Names that no known concept has.
        questions: What must be looked up first, with slots.
        statements: What it says of whom; None where the model could not read that.
        wanted: The change or drawing that is wished for, in the user's words.
    """

    intent: Intent | None = None
    certainty: float = 0.0
    picture: PictureRef = "none"
    which: Which = ""
    about: tuple[str, ...] = ()
    new_names: tuple[NewName, ...] = ()
    questions: tuple[str, ...] = ()
    statements: tuple[Statement, ...] | None = ()
    wanted: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecallRequest(Request):
    """Answer a question from evidence alone.

    Attributes:
        question: With slots.
        evidence: What is known, nearest first.
        num_examples: In-context examples; None means the model's own number.
    """

    question: str
    evidence: tuple[Statement, ...]
    num_examples: int | None = None

    def __post_init__(self) -> None:
        check_text("question", self.question)
        _check_num_examples(self.num_examples)


@dataclass(frozen=True, kw_only=True, slots=True)
class Recalled:
    """An answer, "" where the evidence does not say, and its certainty in [0, 1]."""

    answer: str = ""
    certainty: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RewriteRequest(Request):
    """Turn a wish and what is known into words that can be drawn.

    Attributes:
        task: Whether a picture is drawn or changed.
        message: The user's words, with slots.
        about: Slots of whom the message means, also where it does not name them.
        evidence: Answers to what had to be looked up.
        num_examples: In-context examples; None means the model's own number.
    """

    task: Literal["draw", "edit"]
    message: str
    about: tuple[str, ...] = ()
    evidence: tuple[Statement, ...] = ()
    num_examples: int | None = None

    def __post_init__(self) -> None:
        check_text("message", self.message)
        _check_num_examples(self.num_examples)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rewritten:
    """A prompt, or what of it cannot be drawn; both empty where the model found no words."""

    prompt: str = ""
    cannot: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConverseRequest(Request):
    """Answer small talk, with slots for names."""

    message: str

    def __post_init__(self) -> None:
        check_text("message", self.message)


@dataclass(frozen=True, kw_only=True, slots=True)
class RecogniseRequest(Request):
    """Ask whether a picture shows a concept.

    Attributes:
        image: PNG bytes.
        concept: Its learned tokens.
    """

    image: bytes
    concept: ConceptFile


@dataclass(frozen=True, kw_only=True, slots=True)
class DrawSettings:
    """How a picture is sampled; None means the model's own default.

    Attributes:
        seed: In [0, 2**32); None draws one, which the result names.
        num_steps: Velocity evaluations.
        cfg_text_scale: Pull of the words; 1 is none.
        cfg_img_scale: Pull of the source picture in edits; 1 is none.
        previews: Send a small picture with each step event.
        with_adapters: Draw with the low-rank adapters of concepts that have one.
        reuse_below: Leave deep layers out where the first one changes by less than this share:
            faster, and a little another picture. None computes every step whole.
        think: Think in words before drawing.
    """

    seed: int | None = None
    num_steps: int | None = None
    cfg_text_scale: float | None = None
    cfg_img_scale: float | None = None
    previews: bool = True
    with_adapters: bool = False
    reuse_below: float | None = None
    think: bool = False

    def __post_init__(self) -> None:
        if self.seed is not None:
            check_whole("seed", self.seed, 0, MAX_SEED)
        if self.num_steps is not None:
            check_whole("num_steps", self.num_steps, 1, 1000)
        highest = {"cfg_text_scale": 100.0, "cfg_img_scale": 100.0, "reuse_below": 1.0}
        for name, most in highest.items():
            value = getattr(self, name)
            if value is not None:
                check_range(name, value, 0.0, most)


@dataclass(frozen=True, kw_only=True, slots=True)
class GenerateRequest(Request):
    """Paint a new picture of `prompt`.

    Attributes:
        prompt: What to draw, with concept slots.
        images: PNG bytes of pictures to go by; read before the prompt, or where it says `<p0>`.
        concepts: Concept files; `concepts[i]` fills slot `<ci>`.
        width: Pixels; None means that of the last image, else the model's default.
        height: Pixels; the same.
        settings: Seed, steps and guidance.
    """

    prompt: str
    images: tuple[bytes, ...] = ()
    concepts: tuple[ConceptFile, ...] = ()
    width: int | None = None
    height: int | None = None
    settings: DrawSettings = DrawSettings()

    def __post_init__(self) -> None:
        check_text("prompt", self.prompt)
        _check_concepts(self.concepts)
        for name in ("width", "height"):
            side = getattr(self, name)
            if side is not None:
                check_whole(name, side, 1, 4096)


@dataclass(frozen=True, kw_only=True, slots=True)
class EditRequest(Request):
    """Change a given picture.

    Attributes:
        image: PNG bytes of the source.
        instruction: What to change, with concept slots.
        images: PNG bytes of pictures to go by; read before the source.
        concepts: Concept files; `concepts[i]` fills slot `<ci>`.
        settings: Seed, steps and guidance.
    """

    image: bytes
    instruction: str
    images: tuple[bytes, ...] = ()
    concepts: tuple[ConceptFile, ...] = ()
    settings: DrawSettings = DrawSettings()

    def __post_init__(self) -> None:
        check_text("instruction", self.instruction)
        _check_concepts(self.concepts)


@dataclass(frozen=True, kw_only=True, slots=True)
class LearnRequest(Request):
    """Learn one concept's tokens from photos and facts; every other weight stays frozen.

    Attributes:
        name: The user's name for it; kept in the file's metadata only.
        kind: Its noun ("dog"), or None if the user did not say.
        photos: PNG files, 1 to 100.
        facts: Facts that no photo shows.
        preset: Length of the run.
        seed: Order of the data and the noise.
        start: Tokens to go on from, of a run that was cut off at its step; None starts anew.
    """

    name: str
    photos: tuple[File, ...]
    kind: str | None = None
    facts: tuple[Fact, ...] = ()
    preset: Preset = "nano"
    seed: int = 0
    start: ConceptFile | None = None

    def __post_init__(self) -> None:
        check_text("name", self.name)
        check_range("photos", len(self.photos), 1, 100)
        check_readable("kind", self.kind or "")
        for fact in self.facts:
            check_text("facts", fact.attribute)
            check_text("facts", fact.value)
        check_whole("seed", self.seed, 0, MAX_SEED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """What every event of a request has.

    Attributes:
        sequence: Place among the request's events, from 0; one that came before is a repetition.
        attempt: Counts from 1; a request that had to begin anew begins its events anew, too.
    """

    sequence: int = 0
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class TextEvent(Event):
    """The next piece of an answer."""

    text: str


def text_of(events: Iterable[TextEvent]) -> str:
    """Return the whole text of an answer, without spaces around."""
    return "".join(event.text for event in events).strip()


@dataclass(frozen=True, kw_only=True, slots=True)
class StepEvent(Event):
    """One step of drawing is done; `preview` is a small PNG of the picture so far."""

    step: int
    num_steps: int
    preview: bytes | None = None


@dataclass(frozen=True, slots=True)
class ThoughtEvent(Event):
    """The next piece of what the model thinks before it draws, tags and all."""

    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageResult(Event):
    """A finished picture and what is needed to make it again; `thought` has its tags."""

    png: bytes
    width: int
    height: int
    seed: int
    num_steps: int
    cfg_text_scale: float
    cfg_img_scale: float
    elapsed_ms: float
    thought: str = ""


DrawEvent = StepEvent | ThoughtEvent | ImageResult


@dataclass(frozen=True, kw_only=True, slots=True)
class LearnEvent(Event):
    """One learning step is done.

    Attributes:
        step: Steps done so far.
        num_steps: Steps of the whole run.
        loss_text: Cross-entropy per token, nats.
        loss_flow: Mean squared velocity error of drawings.
        loss_edit: The same for edits; None where the batch had none.
        loss_held_out: Of photos that are held out; None where they were not looked at.
        saved: The tokens so far, now and then; a request that starts from them goes on there.
    """

    step: int
    num_steps: int
    loss_text: float
    loss_flow: float
    loss_edit: float | None = None
    loss_held_out: float | None = None
    saved: ConceptFile | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LearnResult(Event):
    """The learned concept."""

    concept: ConceptFile
    num_steps: int
    elapsed_ms: float


class PersonaModel(Protocol):
    """A unified model that understands, draws, edits and learns concepts."""

    def describe(self) -> ModelInfo:
        """Return what this model is; cheap, callable at any time."""

    def answer(
        self, request: AnswerRequest, cancel: threading.Event | None = None
    ) -> Iterator[TextEvent]:
        """Yield the answer's text piece by piece."""

    def read(self, request: ReadRequest, cancel: threading.Event | None = None) -> Reading:
        """Return what a message means."""

    def recall(self, request: RecallRequest, cancel: threading.Event | None = None) -> Recalled:
        """Return an answer from evidence."""

    def rewrite(self, request: RewriteRequest, cancel: threading.Event | None = None) -> Rewritten:
        """Return a wish in words that can be drawn."""

    def converse(
        self, request: ConverseRequest, cancel: threading.Event | None = None
    ) -> Iterator[TextEvent]:
        """Yield a reply to small talk piece by piece."""

    def recognise(self, request: RecogniseRequest, cancel: threading.Event | None = None) -> float:
        """Return the probability, in [0, 1], that a picture shows a concept."""

    def generate(
        self, request: GenerateRequest, cancel: threading.Event | None = None
    ) -> Iterator[DrawEvent]:
        """Yield what is thought, a step event per velocity evaluation, then the picture."""

    def edit(
        self, request: EditRequest, cancel: threading.Event | None = None
    ) -> Iterator[DrawEvent]:
        """Yield what is thought, a step event per velocity evaluation, then the changed picture."""

    def learn(
        self, request: LearnRequest, cancel: threading.Event | None = None
    ) -> Iterator[LearnEvent | LearnResult]:
        """Yield a learn event per step, then the concept; gives way to the other methods."""

    def cancel(self, request_id: str) -> bool:
        """Stop a request before its next step; return whether it was under way or waiting."""

    def release(self, sha256: str) -> int:
        """Forget what was kept of a token file to save time; return how many pieces there were."""

    def close(self) -> None:
        """Finish the running step, refuse further work and free the device."""


def _check_concepts(concepts: tuple[ConceptFile, ...]) -> None:
    if len(concepts) > MAX_CONCEPTS:
        reason = f"{len(concepts)} were given; one request holds at most {MAX_CONCEPTS}."
        raise RequestError("concepts", reason)


def _check_num_examples(count: int | None) -> None:
    if count is not None:
        check_whole("num_examples", count, 0, 100)


def _check_examples(examples: tuple[Example, ...]) -> None:
    for example in examples:
        check_readable("examples", example.prompt)
        check_readable("examples", example.reply)
