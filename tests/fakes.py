"""A scripted model for graph routes, contract plumbing and forced faults; it has no ability."""

import io
import json
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from PIL import Image

from omnipersona.model.bagel.prompts import certainty_of_yes, recognition_question
from omnipersona.model.bagel.text_tasks import (
    CompleteRequest,
    Completion,
    TextTasks,
    last_of,
    run,
)
from omnipersona.model.concepts.file_format import FORMAT, TOKENS
from omnipersona.model.contract import (
    Abilities,
    AnswerRequest,
    ConceptFile,
    ConverseRequest,
    DrawEvent,
    DrawSettings,
    EditRequest,
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
    RewriteRequest,
    Rewritten,
    StepEvent,
    TextEvent,
    ThoughtEvent,
    slot,
)
from omnipersona.model.errors import Cancelled, ModelError

if TYPE_CHECKING:
    from omnipersona.memory.memory import Memory
    from omnipersona.memory.records import Concept

R = TypeVar("R")
_WIDTH = 4
Script = Callable[[CompleteRequest], str] | Mapping[str, str]


def png(colour: str = "red", size: tuple[int, int] = (16, 16)) -> bytes:
    """Return a small one-coloured PNG."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def concept_file(name: str = "bo", fingerprint: str = "fake-1") -> ConceptFile:
    """Return tokens that anybody could have written, as a file of the scripted model's."""
    # safetensors writes the same metadata in another order each time; tests compare bytes.
    size = 2 * _WIDTH
    header: dict[str, object] = {
        "__metadata__": {"format": FORMAT, "name": name, "fingerprint": fingerprint}
    }
    for i, key in enumerate(TOKENS):
        offsets = [i * size, (i + 1) * size]
        header[key] = {"dtype": "F16", "shape": [1, _WIDTH], "data_offsets": offsets}
    head = json.dumps(header, separators=(",", ":")).encode()
    return ConceptFile.of(struct.pack("<Q", len(head)) + head + bytes(size * len(TOKENS)))


def taught(
    memory: "Memory", user_id: str, concept_id: str, data: bytes, fingerprint: str = "base"
) -> "Concept":
    """Give a concept tokens, as a lesson that ends well does."""
    added = memory.jobs.add(user_id, concept_id)
    job = memory.jobs.lease()
    assert job is not None
    assert job.id == added.id, "another lesson waits"
    assert memory.jobs.keep(job, data, fingerprint, is_last=True)
    return memory.concepts.get(user_id, concept_id)


def scripted(*rules: tuple[str, str]) -> Script:
    """Return a script in which the first rule whose text is in the prompt gives the reply."""
    return dict(rules)


@dataclass
class Faults:
    """What is to go wrong: an error to raise, and at which step."""

    error: Exception | None = None
    at_step: int = 0

    def check(self, step: int) -> None:
        if self.error is not None and step >= self.at_step:
            raise self.error


@dataclass
class FakePersonaModel:
    """Implements `PersonaModel` with scripted replies and instant drawings.

    Attributes:
        completions: Replies of text tasks: a function, or part of a prompt -> reply; the last
            match wins, so that a more special rule can be added later. Without a match: "none".
        answers: The same for `answer`, by part of the question.
        num_steps: Steps of a drawing whose settings name none.
        num_learn_steps: Steps of a learning run.
        step_seconds: Pause per step, for tests of cancelling.
        faults: Raised by drawing and learning.
        complete_faults: Raised by text tasks and answers.
        saves: Whether every learning step brings tokens.
        thought: What it thinks when asked to think first, without tags.
    """

    completions: Script = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    num_steps: int = 4
    num_learn_steps: int = 3
    step_seconds: float = 0.0
    fingerprint: str = "fake-1"
    num_examples: int = 2
    faults: Faults = field(default_factory=Faults)
    complete_faults: Faults = field(default_factory=Faults)
    requests: list[object] = field(default_factory=list)
    steps_done: int = 0
    hold: threading.Event | None = None
    saves: bool = False
    thought: str = ""
    released: list[str] = field(default_factory=list)

    def describe(self) -> ModelInfo:
        return ModelInfo(
            name="fake",
            fingerprint=self.fingerprint,
            device="cpu",
            dtype="float32",
            image_size=16,
            max_image_size=1024,
            display_size=256,
            world="It sees and draws one colour.",
            num_steps=self.num_steps,
            cfg_text_scale=4.0,
            num_examples=self.num_examples,
            concept_width=_WIDTH,
            lesson="nano",
            abilities=Abilities(thinks=bool(self.thought)),
        )

    def answer(
        self, request: AnswerRequest, cancel: threading.Event | None = None
    ) -> Iterator[TextEvent]:
        self.requests.append(request)
        self.complete_faults.check(0)
        reply = _match(self.answers, request.question, "unknown")
        if request.think:
            reply = f"<think>{self.thought}</think> {reply}"
        for index, word in enumerate(reply.split(" ")):
            _check_cancel(cancel)
            yield TextEvent(word if index == 0 else f" {word}", sequence=index)

    @property
    def _tasks(self) -> TextTasks:
        return TextTasks(self._complete, self.num_examples)

    def _complete(self, request: CompleteRequest) -> Iterator[Completion | None]:
        self.requests.append(request)
        self.complete_faults.check(0)
        if callable(self.completions):
            text = self.completions(request)
        else:
            text = _match(self.completions, request.prompt, "none")
        yield Completion(text=text, log_probability=-0.1)

    def read(self, request: ReadRequest, cancel: threading.Event | None = None) -> Reading:
        _check_cancel(cancel)
        return run(self._tasks.read(request))

    def recall(self, request: RecallRequest, cancel: threading.Event | None = None) -> Recalled:
        _check_cancel(cancel)
        return run(self._tasks.recall(request))

    def rewrite(self, request: RewriteRequest, cancel: threading.Event | None = None) -> Rewritten:
        _check_cancel(cancel)
        return run(self._tasks.rewrite(request))

    def converse(
        self, request: ConverseRequest, cancel: threading.Event | None = None
    ) -> Iterator[TextEvent]:
        _check_cancel(cancel)
        return map(TextEvent, self._tasks.converse(request))

    def recognise(self, request: RecogniseRequest, cancel: threading.Event | None = None) -> float:
        _check_cancel(cancel)
        asked = CompleteRequest(
            prompt=recognition_question(slot(0)),
            images=(request.image,),
            concepts=(request.concept,),
            max_tokens=1,
        )
        reply = run(last_of(self._complete(asked)))
        return certainty_of_yes(reply.text, reply.log_probability)

    def generate(
        self, request: GenerateRequest, cancel: threading.Event | None = None
    ) -> Iterator[DrawEvent]:
        self.requests.append(request)
        return self._draw("blue", request.settings, cancel)

    def edit(
        self, request: EditRequest, cancel: threading.Event | None = None
    ) -> Iterator[DrawEvent]:
        self.requests.append(request)
        return self._draw("green", request.settings, cancel)

    def learn(
        self, request: LearnRequest, cancel: threading.Event | None = None
    ) -> Iterator[LearnEvent | LearnResult]:
        self.requests.append(request)
        for step in range(1, self.num_learn_steps + 1):
            if self.hold is not None:
                while not self.hold.wait(0.005):
                    _check_cancel(cancel)
            _check_cancel(cancel)
            self.faults.check(step)
            time.sleep(self.step_seconds)
            self.steps_done += 1
            yield LearnEvent(
                step=step,
                num_steps=self.num_learn_steps,
                loss_text=1 / step,
                loss_flow=0.5 / step,
                saved=concept_file(f"{request.name}, step {step}", self.fingerprint)
                if self.saves
                else None,
            )
        yield LearnResult(
            concept=concept_file(request.name, self.fingerprint),
            num_steps=self.num_learn_steps,
            elapsed_ms=1.0,
        )

    def cancel(self, request_id: str) -> bool:
        return False

    def release(self, sha256: str) -> int:
        self.released.append(sha256)
        return 1

    def close(self) -> None:
        pass

    def of_type(self, kind: type[R]) -> list[R]:
        """Return the requests of one kind, oldest first."""
        return [request for request in self.requests if isinstance(request, kind)]

    def _draw(
        self, colour: str, settings: DrawSettings, cancel: threading.Event | None
    ) -> Iterator[DrawEvent]:
        count = settings.num_steps or self.num_steps
        used = settings.seed if settings.seed is not None else len(self.requests)
        thought = f"<think>{self.thought}</think>" if settings.think else ""
        if thought:
            yield ThoughtEvent(thought)
        for step in range(1, count + 1):
            _check_cancel(cancel)
            self.faults.check(step)
            time.sleep(self.step_seconds)
            self.steps_done += 1
            yield StepEvent(step=step, num_steps=count, preview=png(colour, (4, 4)))
        # The seed shows in the bytes, as in a real drawing.
        yield ImageResult(
            png=png(colour, (16, 16 + used % 5)),
            width=16,
            height=16 + used % 5,
            seed=used,
            num_steps=count,
            cfg_text_scale=4.0,
            cfg_img_scale=1.5,
            elapsed_ms=1.0,
            thought=thought,
        )


class BrokenModelError(ModelError):
    """A model error for tests."""


def _match(script: Mapping[str, str], text: str, default: str) -> str:
    return next((reply for part, reply in reversed(list(script.items())) if part in text), default)


def _check_cancel(cancel: threading.Event | None) -> None:
    if cancel is not None and cancel.is_set():
        raise Cancelled("The drawing was cancelled.")


class WordEncoder:
    """Sentences as bags of hashed words: fast, and near where words are shared."""

    name = "words"

    def encode(self, sentences: list[str]) -> list[list[float]]:
        vectors = []
        for sentence in sentences:
            vector = [0.01] * 64
            for word in sentence.lower().replace("?", " ").replace(":", " ").split():
                vector[zlib.crc32(word.encode()) % 64] += 1.0
            length = sum(x * x for x in vector) ** 0.5
            vectors.append([x / length for x in vector])
        return vectors
