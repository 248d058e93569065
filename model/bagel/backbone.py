"""The model in this process: the contract over one worker thread.

Knows jobs and requests. Does not know how any of them is done (`pipeline`, `learning`).
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

import torch

from omnipersona.model.bagel.checkpoint.device_map import HOST, attach, spread_layers
from omnipersona.model.bagel.checkpoint.loading import load_folder
from omnipersona.model.bagel.concept_training.trainer import learn
from omnipersona.model.bagel.config import ModelConfig
from omnipersona.model.bagel.flow.sampling import num_together
from omnipersona.model.bagel.memory_plan import weight_type
from omnipersona.model.bagel.pipeline import Pipeline
from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.model.concepts.files import read_concept
from omnipersona.model.contract import (
    AnswerRequest,
    CompleteRequest,
    Completion,
    ConceptFile,
    DrawEvent,
    EditRequest,
    GenerateRequest,
    LearnEvent,
    LearnRequest,
    LearnResult,
    ModelInfo,
    Weights,
)
from omnipersona.model.engine.devices import Device, memory_of, pick_device, within_memory
from omnipersona.model.engine.scheduler import BatchKey, Scheduler
from omnipersona.model.errors import WeightsError

logger = logging.getLogger(__name__)

NANO: Final = "nano"
NANO_FOLDER: Final = Path(__file__).parents[1] / "nano" / "checkpoint"

T = TypeVar("T")


class LocalPersonaModel:
    """Implements `PersonaModel` in this process.

    Args:
        pipeline: The loaded model.
        device: Where it lies.
    """

    def __init__(self, pipeline: Pipeline, device: Device) -> None:
        self._studio = pipeline
        self._device = device
        self._worker = Scheduler(f"model-{device.name}")

    def describe(self) -> ModelInfo:
        """Return what this model is."""
        config = self._studio.config
        return ModelInfo(
            name=config.name,
            fingerprint=self._studio.fingerprint,
            device=self._device.name,
            dtype=f"{self._device.dtype_name} ({self._device.reason})",
            image_size=config.image_size,
            max_image_size=config.max_latent_size * config.latent_stride,
            display_size=config.display_size,
            world=config.world,
            num_steps=config.sampling.num_steps,
            cfg_text_scale=config.sampling.cfg_text_scale,
            num_examples=config.num_examples,
            can_think=config.can_think,
            lesson=config.lesson,
        )

    def answer(
        self, request: AnswerRequest, cancel: threading.Event | None = None
    ) -> Iterator[str]:
        """Yield the answer's text piece by piece."""
        return self._run(lambda: self._studio.answer(request), cancel, request.tenant)

    def complete(
        self, request: CompleteRequest, cancel: threading.Event | None = None
    ) -> Completion:
        """Return the reply of a text task."""
        *_, last = self._run(lambda: self._studio.complete(request), cancel, request.tenant)
        assert last is not None, "a text task ends with its completion"
        return last

    def generate(
        self, request: GenerateRequest, cancel: threading.Event | None = None
    ) -> Iterator[DrawEvent]:
        """Yield what is thought, a step event per velocity evaluation, then the picture."""
        return self._run(
            lambda: self._studio.generate(request),
            cancel,
            request.tenant,
            batch_key=self._company(request),
        )

    def edit(
        self, request: EditRequest, cancel: threading.Event | None = None
    ) -> Iterator[DrawEvent]:
        """Yield what is thought, a step event per velocity evaluation, then the changed picture."""
        return self._run(lambda: self._studio.edit(request), cancel, request.tenant)

    def learn(
        self, request: LearnRequest, cancel: threading.Event | None = None
    ) -> Iterator[LearnEvent | LearnResult]:
        """Yield a learn event per step, then the concept; gives way to the other methods."""
        return self._run(
            lambda: learn(self._studio, request), cancel, request.tenant, background=True
        )

    def check_concept(self, concept: ConceptFile) -> None:
        """Raise `ConceptError` unless the file is sound and belongs to this model."""
        width = self._studio.config.text.hidden_size
        read_concept(concept, width, self._studio.fingerprint)

    def release(self, sha256: str) -> int:
        """Forget what was kept of a token file to save time; return how many pieces there were."""
        return self._studio.beginnings.drop(sha256)

    def close(self) -> None:
        """Finish the running step and refuse further work."""
        self._worker.close()

    def _company(self, request: GenerateRequest) -> BatchKey[GenerateRequest, DrawEvent] | None:
        """Return how a drawing is painted together with others of its size, steps and scales."""
        settings, config = request.settings, self._studio.config
        if settings.think or settings.with_adapters or request.images:
            return None
        size = (request.width or config.image_size, request.height or config.image_size)

        def start(requests: Sequence[GenerateRequest]) -> Iterator[Sequence[DrawEvent]]:
            return within_memory(lambda: self._studio.generate_many(requests), self._device.name)

        return BatchKey(
            key=(size, replace(settings, seed=None, previews=True)),
            limit=num_together(size[0] * size[1] // config.latent_stride**2),
            request=request,
            start=start,
        )

    def _run(
        self,
        start: Callable[[], Iterator[T]],
        cancel: threading.Event | None,
        tenant: str,
        *,
        background: bool = False,
        batch_key: BatchKey[Any, T] | None = None,
    ) -> Iterator[T]:
        return self._worker.run(
            lambda: within_memory(start, self._device.name),
            cancel,
            background=background,
            tenant=tenant,
            batch_key=batch_key,
        )


def folder_of(name_or_path: str) -> Path:
    """Return the checkpoint folder of a name or path."""
    return NANO_FOLDER if name_or_path == NANO else Path(name_or_path).expanduser()


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
) -> LocalPersonaModel:
    """Load a model with its worker; arguments and errors are those of `load_pipeline`."""
    pipeline, picked = load_pipeline(
        name_or_path, device, weights, spread=spread, compiled=compiled
    )
    return LocalPersonaModel(pipeline, picked)
