"""A model that says and draws what a script tells it: for tests of whatever lies above a model.

Keeps the contract (`omnipersona.testing` holds it to it) and has no ability. Imports no torch.
"""

import io
import json
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from PIL import Image, UnidentifiedImageError

from omnipersona.model.bagel.prompts import certainty_of_yes, recognition_question
from omnipersona.model.bagel.text_tasks import (
    CompleteRequest,
    Completion,
    TextTasks,
    last_of,
    run,
)
from omnipersona.model.concepts.file_format import FORMAT, TOKENS, check_concept
from omnipersona.model.contract import (
    Abilities,
    AnswerRequest,
    ConceptFile,
    ConverseRequest,
    DrawEvent,
    DrawSettings,
    EditRequest,
    Event,
    GenerateRequest,
    ImageResult,
    LearnEvent,
    LearnRequest,
    LearnResult,
    ModelInfo,
    Reading,
    ReadRequest,
    Recalled,
    RecallRequest,
    RecogniseRequest,
    Request,
    RewriteRequest,
    Rewritten,
    StepEvent,
    TextEvent,
    ThoughtEvent,
    slot,
)
from omnipersona.model.engine.file_cache import FileCache
from omnipersona.model.errors import Cancelled, ImageError, ImageSizeError, ModelBusy

R = TypeVar("R")
E = TypeVar("E", bound=Event)
Script = Callable[[CompleteRequest], str] | Mapping[str, str]

_SIDE: Final = 16
_LONGEST_SIDE: Final = 1024
_WIDTH: Final = 4


@dataclass
class Faults:
    """What is to go wrong: an error to raise, and at which step."""

    error: Exception | None = None
    at_step: int = 0

    def check(self, step: int) -> None:
        """Raise the error from its step on."""
        if self.error is not None and step >= self.at_step:
            raise self.error


@dataclass
class ScriptedModel:
    """Implements `PersonaModel` with scripted replies and instant drawings of one colour.

    Attributes:
        completions: Replies of text tasks, in the formats of `model.bagel.prompts`: a function, or
            part of a prompt -> reply; the last match wins, so that a more special rule can be
            added later. Without a match: "none".
        answers: The same for `answer`, by part of the question; without a match: "unknown".
        num_steps: Steps of a drawing whose settings name none.
        num_learn_steps: Steps of a learning run.
        step_seconds: Pause per step.
        fingerprint: Of its weights, which it does not have.
        num_examples: In-context examples that it asks for.
        faults: Raised by drawing and learning.
        complete_faults: Raised by text tasks and answers.
        requests: What was asked so far; text tasks as their completions.
        steps_done: Of drawings and lessons so far.
        hold: Lessons wait until it is set.
        saves: Whether every learning step brings tokens.
        thought: What it thinks when asked to think first, without tags; "" cannot think.
        released: Digests of files that were to be forgotten.
    """

    completions: Script = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    num_steps: int = 4
    num_learn_steps: int = 3
    step_seconds: float = 0.0
    fingerprint: str = "scripted-1"
    num_examples: int = 2
    faults: Faults = field(default_factory=Faults)
    complete_faults: Faults = field(default_factory=Faults)
    requests: list[object] = field(default_factory=list)
    steps_done: int = 0
    hold: threading.Event | None = None
    saves: bool = False
    thought: str = ""
    released: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._files = FileCache()
        self._running: dict[str, threading.Event] = {}
        self._is_closed = False

    def describe(self) -> ModelInfo:
        """Return what the model is."""
        return ModelInfo(
            name="scripted",
            fingerprint=self.fingerprint,
            device="cpu",
            dtype="float32",
            image_size=_SIDE,
            max_image_size=_LONGEST_SIDE,
            display_size=256,
            world="It sees and draws one colour.",
            num_steps=self.num_steps,
            cfg_text_scale=4.0,
            num_examples=self.num_examples,
            concept_width=_WIDTH,
            lesson="nano",
            abilities=Abilities(
                num_images=100,
                num_references=100,
                thinks=bool(self.thought),
                routings=("decoupled",),
                stride=1,
            ),
        )

    def read(self, request: ReadRequest, cancel: threading.Event | None = None) -> Reading:
        """Return what the script's replies mean."""
        with self._asked(request, cancel):
            return run(self._tasks.read(request))

    def recall(self, request: RecallRequest, cancel: threading.Event | None = None) -> Recalled:
        """Return the script's answer."""
        with self._asked(request, cancel):
            return run(self._tasks.recall(request))

    def rewrite(self, request: RewriteRequest, cancel: threading.Event | None = None) -> Rewritten:
        """Return the script's prompt."""
        with self._asked(request, cancel):
            return run(self._tasks.rewrite(request))

    def converse(
        self, request: ConverseRequest, cancel: threading.Event | None = None
    ) -> Iterator[TextEvent]:
        """Yield the script's reply."""
        self._open()
        reply = run(self._tasks.converse(request))
        return self._events(iter([TextEvent(reply)]), request, cancel)

    def recognise(self, request: RecogniseRequest, cancel: threading.Event | None = None) -> float:
        """Return how certain the script's yes or no is."""
        whole = self._files.whole(request)
        _size_of(whole.image)
        check_concept(whole.concept, self.describe())
        with self._asked(request, cancel):
            asked = CompleteRequest(
                prompt=recognition_question(slot(0)),
                images=(whole.image,),
                concepts=(whole.concept,),
                max_tokens=1,
            )
            reply = run(last_of(self._complete(asked)))
            return certainty_of_yes(reply.text, reply.log_probability)

    def answer(
        self, request: AnswerRequest, cancel: threading.Event | None = None
    ) -> Iterator[TextEvent]:
        """Yield the script's answer word by word."""
        self._open()
        whole = self._files.whole(request)
        self.requests.append(whole)
        return self._events(self._answered(whole), request, cancel)

    def generate(
        self, request: GenerateRequest, cancel: threading.Event | None = None
    ) -> Iterator[DrawEvent]:
        """Yield steps, then a blue picture."""
        self._open()
        whole = self._files.whole(request)
        self.requests.append(whole)
        size = (request.width or _SIDE, request.height or _SIDE)
        for file in whole.concepts:
            check_concept(file, self.describe())
        return self._events(self._drawn("blue", size, whole.settings), request, cancel)

    def edit(
        self, request: EditRequest, cancel: threading.Event | None = None
    ) -> Iterator[DrawEvent]:
        """Yield steps, then a green picture of the source's size."""
        self._open()
        whole = self._files.whole(request)
        self.requests.append(whole)
        size = _size_of(whole.image)
        return self._events(self._drawn("green", size, whole.settings), request, cancel)

    def learn(
        self, request: LearnRequest, cancel: threading.Event | None = None
    ) -> Iterator[LearnEvent | LearnResult]:
        """Yield steps, then tokens that mean nothing."""
        self._open()
        whole = self._files.whole(request)
        self.requests.append(whole)
        stop = self._started(request, cancel)
        return self._events(self._learned(whole, stop), request, stop)

    def cancel(self, request_id: str) -> bool:
        """Stop a request before its next step."""
        stop = self._running.get(request_id)
        if stop is not None:
            stop.set()
        return stop is not None

    def release(self, sha256: str) -> int:
        """Forget a file."""
        self.released.append(sha256)
        self._files.drop(sha256)
        return 1

    def close(self) -> None:
        """Refuse further work."""
        self._is_closed = True

    def of_type(self, kind: type[R]) -> list[R]:
        """Return the requests of one kind, oldest first."""
        return [request for request in self.requests if isinstance(request, kind)]

    @property
    def _tasks(self) -> TextTasks:
        return TextTasks(self._complete, self.num_examples)

    def _complete(self, request: CompleteRequest) -> Iterator[Completion]:
        self.requests.append(request)
        self.complete_faults.check(0)
        if callable(self.completions):
            text = self.completions(request)
        else:
            text = _match(self.completions, request.prompt, "none")
        yield Completion(text=text, log_probability=-0.1)

    def _answered(self, request: AnswerRequest) -> Iterator[TextEvent]:
        self.complete_faults.check(0)
        for image in request.images:
            _size_of(image)
        reply = _match(self.answers, request.question, "unknown")
        if request.think:
            reply = f"<think>{self.thought}</think> {reply}"
        for index, word in enumerate(reply.split(" ")):
            yield TextEvent(word if index == 0 else f" {word}")

    def _drawn(
        self, colour: str, size: tuple[int, int], settings: DrawSettings
    ) -> Iterator[DrawEvent]:
        if max(size) > _LONGEST_SIDE:
            raise ImageSizeError(f"At most {_LONGEST_SIDE} pixels can be drawn, not {max(size)}.")
        count = settings.num_steps or self.num_steps
        seed = settings.seed if settings.seed is not None else len(self.requests)
        thought = f"<think>{self.thought}</think>" if settings.think else ""
        if thought:
            yield ThoughtEvent(thought)
        for step in range(1, count + 1):
            self._step(step)
            preview = plain_png(colour, (4, 4)) if settings.previews else None
            yield StepEvent(step=step, num_steps=count, preview=preview)
        yield ImageResult(
            # The seed shows in a pixel, as in a real drawing it shows everywhere.
            png=plain_png(colour, size, seed),
            width=size[0],
            height=size[1],
            seed=seed,
            num_steps=count,
            cfg_text_scale=4.0,
            cfg_img_scale=1.5,
            elapsed_ms=1.0,
            thought=thought,
        )

    def _learned(
        self, request: LearnRequest, stop: threading.Event
    ) -> Iterator[LearnEvent | LearnResult]:
        for step in range(1, self.num_learn_steps + 1):
            while self.hold is not None and not self.hold.wait(0.005):
                _check(stop)
            _check(stop)
            self._step(step)
            saved = concept_file(f"{request.name}, step {step}", self.fingerprint)
            yield LearnEvent(
                step=step,
                num_steps=self.num_learn_steps,
                loss_text=1 / step,
                loss_flow=0.5 / step,
                saved=saved if self.saves else None,
            )
        yield LearnResult(
            concept=concept_file(request.name, self.fingerprint, request.kind or ""),
            num_steps=self.num_learn_steps,
            elapsed_ms=1.0,
        )

    def _step(self, step: int) -> None:
        self.faults.check(step)
        time.sleep(self.step_seconds)
        self.steps_done += 1

    def _open(self) -> None:
        if self._is_closed:
            raise ModelBusy("The model is closed.")

    def _started(self, request: Request, cancel: threading.Event | None) -> threading.Event:
        return self._running.setdefault(request.id, cancel or threading.Event())

    @contextmanager
    def _asked(self, request: Request, cancel: threading.Event | None) -> Iterator[None]:
        self._open()
        _check(self._started(request, cancel))
        try:
            yield
        finally:
            self._running.pop(request.id, None)

    def _events(
        self, events: Iterator[E], request: Request, cancel: threading.Event | None
    ) -> Iterator[E]:
        """Return a request's events, numbered, until it is stopped."""
        stop = self._started(request, cancel)

        def numbered() -> Iterator[E]:
            try:
                _check(stop)
                for sequence, event in enumerate(events):
                    yield replace(event, sequence=sequence)
                    _check(stop)
            finally:
                self._running.pop(request.id, None)

        return numbered()


def plain_png(colour: str = "red", size: tuple[int, int] = (16, 16), seed: int = 0) -> bytes:
    """Return a PNG of one colour; its first pixel tells a seed."""
    image = Image.new("RGB", size, colour)
    if seed:
        image.putpixel((0, 0), tuple(seed.to_bytes(4, "big")[1:]))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def concept_file(name: str = "bo", fingerprint: str = "scripted-1", kind: str = "") -> ConceptFile:
    """Return tokens that mean nothing, as a file of a scripted model; equal names, equal bytes."""
    # Written by hand: the library writes the same metadata in another order each time.
    size = 2 * _WIDTH
    header: dict[str, object] = {
        "__metadata__": {
            "format": FORMAT,
            "name": name,
            "kind": kind,
            "fingerprint": fingerprint,
        }
    }
    for i, key in enumerate(TOKENS):
        offsets = [i * size, (i + 1) * size]
        header[key] = {"dtype": "F16", "shape": [1, _WIDTH], "data_offsets": offsets}
    head = json.dumps(header, separators=(",", ":")).encode()
    return ConceptFile.of(struct.pack("<Q", len(head)) + head + bytes(size * len(TOKENS)))


def _size_of(png: bytes) -> tuple[int, int]:
    try:
        with Image.open(io.BytesIO(png)) as image:
            return image.size
    except (UnidentifiedImageError, OSError) as error:
        raise ImageError("The bytes are no picture.") from error


def _match(script: Mapping[str, str], text: str, default: str) -> str:
    return next((reply for part, reply in reversed(list(script.items())) if part in text), default)


def _check(stop: threading.Event) -> None:
    if stop.is_set():
        raise Cancelled("Stopped.")
