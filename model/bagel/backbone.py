"""The model in this process: the contract over one worker thread.

Knows jobs and requests. Does not know how any of them is done (`pipeline`, `learning`).
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Generic, Self, TypeVar, cast

import torch

from omnipersona.model.bagel.checkpoint.device_map import HOST, attach, spread_layers
from omnipersona.model.bagel.checkpoint.loading import load_folder
from omnipersona.model.bagel.concept_training.trainer import learn
from omnipersona.model.bagel.config import ModelConfig
from omnipersona.model.bagel.flow.sampling import num_together
from omnipersona.model.bagel.memory_plan import weight_type
from omnipersona.model.bagel.pipeline import Pipeline
from omnipersona.model.bagel.text_tasks import Task, TextTasks
from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.model.concepts.tokens import ROUTINGS
from omnipersona.model.contract import (
    Abilities,
    AnswerRequest,
    ConverseRequest,
    DrawEvent,
    EditRequest,
    Event,
    GenerateRequest,
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
    TextEvent,
    Weights,
)
from omnipersona.model.engine.devices import Device, memory_of, pick_device, within_memory
from omnipersona.model.engine.file_cache import FileCache
from omnipersona.model.engine.scheduler import BatchKey, JobEvents, Kind, Scheduler
from omnipersona.model.errors import WeightsError
from omnipersona.model.registry import NANO, folder_of
from omnipersona.model.thinking import ThinkPrompts

logger = logging.getLogger(__name__)

T = TypeVar("T")
E = TypeVar("E", bound=Event)


class LocalPersonaModel:
    """Implements `PersonaModel` in this process.

    Attributes:
        pipeline: The loaded model; one caller at a time, which is the scheduler here.
    """

    def __init__(self, pipeline: Pipeline, device: Device) -> None:
        self.pipeline = pipeline
        self._tasks = TextTasks(pipeline.complete, pipeline.config.num_examples)
        self._files = FileCache()
        self._device = device
        self._scheduler = Scheduler(f"model-{device.name}")

    def describe(self) -> ModelInfo:
        """Return what this model is."""
        config = self.pipeline.config
        return ModelInfo(
            name=config.name,
            fingerprint=self.pipeline.fingerprint,
            device=self._device.name,
            dtype=f"{self._device.dtype_name} ({self._device.reason})",
            image_size=config.image_size,
            max_image_size=config.max_latent_size * config.latent_stride,
            display_size=config.display_size,
            world=config.world,
            num_steps=config.sampling.num_steps,
            cfg_text_scale=config.sampling.cfg_text_scale,
            num_examples=config.num_examples,
            concept_width=config.text.hidden_size,
            lesson=config.lesson,
            abilities=Abilities(
                masks=config.sampling.edit_limit is not None,
                num_images=config.num_images,
                num_references=config.num_references,
                thinks=config.can_think,
                routings=ROUTINGS,
                stride=config.latent_stride,
                ratios=config.ratios,
                languages=config.languages,
            ),
        )

    def answer(
        self, request: AnswerRequest, cancel: threading.Event | None = None
    ) -> Iterator[TextEvent]:
        """Yield the answer's text piece by piece."""
        whole = self._files.whole(request)
        return self._run(lambda: _told(self.pipeline.answer_steps(whole)), request, cancel)

    def read(self, request: ReadRequest, cancel: threading.Event | None = None) -> Reading:
        """Return what a message means."""
        return self._returned(lambda: self._tasks.read(request), request, cancel)

    def recall(self, request: RecallRequest, cancel: threading.Event | None = None) -> Recalled:
        """Return an answer from evidence."""
        return self._returned(lambda: self._tasks.recall(request), request, cancel)

    def rewrite(self, request: RewriteRequest, cancel: threading.Event | None = None) -> Rewritten:
        """Return a wish in words that can be drawn."""
        return self._returned(lambda: self._tasks.rewrite(request), request, cancel)

    def converse(
        self, request: ConverseRequest, cancel: threading.Event | None = None
    ) -> Iterator[TextEvent]:
        """Yield a reply to small talk piece by piece."""
        return self._run(lambda: _told(_returned(self._tasks.converse(request))), request, cancel)

    def recognise(self, request: RecogniseRequest, cancel: threading.Event | None = None) -> float:
        """Return the probability, in [0, 1], that a picture shows a concept."""
        whole = self._files.whole(request)
        return self._returned(lambda: self.pipeline.recognise(whole), request, cancel)

    def generate(
        self, request: GenerateRequest, cancel: threading.Event | None = None
    ) -> Iterator[DrawEvent]:
        """Yield what is thought, a step event per velocity evaluation, then the picture."""
        whole = self._files.whole(request)
        return self._run(
            lambda: self.pipeline.generate(whole),
            request,
            cancel,
            kind="drawing",
            batch_key=self._batch_key(whole),
        )

    def edit(
        self, request: EditRequest, cancel: threading.Event | None = None
    ) -> Iterator[DrawEvent]:
        """Yield what is thought, a step event per velocity evaluation, then the changed picture."""
        whole = self._files.whole(request)
        return self._run(lambda: self.pipeline.edit(whole), request, cancel, kind="drawing")

    def learn(
        self, request: LearnRequest, cancel: threading.Event | None = None
    ) -> Iterator[LearnEvent | LearnResult]:
        """Yield a learn event per step, then the concept; gives way to the other methods."""
        whole = self._files.whole(request)
        return self._run(lambda: learn(self.pipeline, whole), request, cancel, kind="lesson")

    def cancel(self, request_id: str) -> bool:
        """Stop a request before its next step; return whether it was under way or waiting."""
        return self._scheduler.cancel(request_id)

    def release(self, sha256: str) -> int:
        """Forget what was kept of a token file to save time; return how many pieces there were."""
        self._files.drop(sha256)
        return self.pipeline.beginnings.drop(sha256)

    def close(self) -> None:
        """Finish the running step and refuse further work."""
        self._scheduler.close()

    def _batch_key(self, request: GenerateRequest) -> BatchKey[GenerateRequest, DrawEvent] | None:
        """Return how a drawing is painted together with others of its size, steps and scales."""
        settings, config = request.settings, self.pipeline.config
        if settings.think or settings.with_adapters or request.images:
            return None
        size = (request.width or config.image_size, request.height or config.image_size)

        def start(requests: Sequence[GenerateRequest]) -> Iterator[Sequence[DrawEvent]]:
            return within_memory(lambda: self.pipeline.generate_many(requests), self._device.name)

        return BatchKey(
            key=(size, replace(settings, seed=None, previews=True)),
            limit=num_together(size[0] * size[1] // config.latent_stride**2),
            request=request,
            start=start,
        )

    def _returned(
        self, start: Callable[[], Task[T]], request: Request, cancel: threading.Event | None
    ) -> T:
        """Run a task to its end and return what came of it."""
        *_, last = self._scheduled(lambda: _returned(start()), request, cancel)
        return cast("T", last)

    def _run(
        self,
        start: Callable[[], Iterator[E]],
        request: Request,
        cancel: threading.Event | None,
        *,
        kind: Kind = "text",
        batch_key: BatchKey[Any, E] | None = None,
    ) -> Iterator[E]:
        """Yield the events of a request, numbered."""
        run = self._scheduled(start, request, cancel, kind=kind, batch_key=batch_key)
        return _Numbered(run)

    def _scheduled(
        self,
        start: Callable[[], Iterator[T]],
        request: Request,
        cancel: threading.Event | None,
        *,
        kind: Kind = "text",
        batch_key: BatchKey[Any, T] | None = None,
    ) -> JobEvents[T]:
        return self._scheduler.run(
            lambda: within_memory(start, self._device.name),
            cancel,
            request_id=request.id,
            kind=kind,
            tenant=request.tenant,
            batch_key=batch_key,
        )


def _returned(task: Task[T]) -> Iterator[object]:
    """Yield a task's steps, then what came of it."""
    yield (yield from task)


def _told(steps: Iterator[object]) -> Iterator[Any]:
    """Yield pieces of a text as events, and what is to be fed as it is."""
    return (TextEvent(step) if isinstance(step, str) else step for step in steps)


class _Numbered(Generic[E]):
    """Events of a job with their place and the attempt that they belong to."""

    def __init__(self, events: JobEvents[E]) -> None:
        self._events = events
        self._sequence = -1

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> E:
        event = next(self._events)
        self._sequence += 1
        return replace(event, sequence=self._sequence, attempt=self._events.attempt)

    def close(self) -> None:
        """Abandon the job."""
        self._events.close()


def load_pipeline(
    name_or_path: str,
    device: str = "auto",
    weights: Weights = "full",
    *,
    spread: bool = False,
    compiled: bool = False,
) -> tuple[Pipeline, Device]:
    """Load a model's abilities without a worker, for one caller at a time.

    Args:
        name_or_path: `nano`, or a checkpoint folder in the published layout.
        device: `auto`, `cpu`, `cuda` or `mps`.
        weights: Of the experts' matrices, which may be shrunk to fit a smaller device.
        spread: Put layers that the GPU cannot hold on the next GPU, or keep them in the host's
            memory until they are needed.
        compiled: Compile the steps of drawings; the first drawing of a size then takes a minute
            longer.

    Raises:
        WeightsError: The folder does not fit, which says which file or key, or nothing is there
            to spread over.
        DeviceError: The device is unknown or not there.
    """
    folder = folder_of(name_or_path)
    picked = Device(name="cpu", dtype=torch.float32, reason="nano is fastest on the CPU")
    if name_or_path != NANO:
        picked = pick_device(device)
    torch.set_flush_denormal(True)
    layers = _places(folder, picked, weights) if spread else ()
    model = load_folder(
        folder, device=picked.name, dtype=picked.dtype, weights=weights, layers=layers
    )
    logger.info("loaded %s on %s: %s", model.config.name, picked.name, picked.reason)
    pipeline = Pipeline(model, Tokenizer.read(folder), folder)
    if layers:
        attach(model, picked.name, layers)
    if compiled:
        model.decoder.compile_drawing()
    return pipeline, picked


def _places(folder: Path, device: Device, weights: Weights) -> tuple[str, ...]:
    """Return the place of each layer, over all GPUs and the host.

    Raises:
        WeightsError: There is no GPU, or shrunk layers would have to wait in the host's memory.
    """
    if device.name != "cuda":
        raise WeightsError(
            f"spread is on, but the model runs on {device.name}, which holds it whole or not at "
            "all. It needs a CUDA GPU."
        )
    names = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    kind = weight_type(device.dtype_name, weights)
    rooms = [(name, memory_of(name)) for name in names]
    layers = spread_layers(ModelConfig.read(folder), kind, rooms)
    if weights != "full" and HOST in layers:
        raise WeightsError(
            f"{layers.count(HOST)} layers of {weights} weights do not fit on the GPUs, and shrunk "
            "layers cannot wait in the host's memory. Use full weights, or smaller ones."
        )
    logger.info("layers lie on %s", ", ".join(layers))
    return layers


def load_model(
    name_or_path: str,
    device: str = "auto",
    weights: Weights = "full",
    *,
    spread: bool = False,
    compiled: bool = False,
    think_prompts: Path | None = None,
) -> LocalPersonaModel:
    """Load a model with its scheduler; arguments and errors are those of `load_pipeline`.

    `think_prompts` names a file of system prompts for thinking in place of our own.
    """
    prompts = ThinkPrompts() if think_prompts is None else ThinkPrompts.read_file(think_prompts)
    pipeline, picked = load_pipeline(
        name_or_path, device, weights, spread=spread, compiled=compiled
    )
    pipeline.think_prompts = prompts
    return LocalPersonaModel(pipeline, picked)
