"""Training a concept's tokens: optimizer, joint loss, and a request's way from photos to a file.

Every weight of the model stays as it is. Several concepts can be trained in one batch: their
samples share a forward, their vectors do not meet. Does not know queues or users.

The optimizer is Adam, AdamW without weight decay (Kingma and Ba 2015, arXiv:1412.6980), in our own
lines: those of torch load its compiler when they start, eight seconds that a first lesson on two
cores cannot spare.
"""

import hashlib
import math
import random
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final, Literal

import torch
from PIL import Image
from torch import Tensor, nn

from omnipersona.model.bagel.concept_training.dataset import (
    ConceptDataset,
    Picture,
    SelfLabeler,
    draw_roughly,
    edit_roughly,
    prepare,
)
from omnipersona.model.bagel.concept_training.early_stopping import EarlyStopping
from omnipersona.model.bagel.concept_training.encoder import ConceptEncoder, photo_features
from omnipersona.model.bagel.concept_training.sampler import ConceptSampler
from omnipersona.model.bagel.images import read_png, resized, write_png
from omnipersona.model.bagel.memory_plan import Work, plan, weight_type
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.pipeline import Pipeline
from omnipersona.model.bagel.prompt_layout import ConceptRows, Prompter
from omnipersona.model.bagel.sequence import (
    GenImage,
    Markers,
    Sample,
    UndImage,
    clean_image,
    pack,
    seen_image,
)
from omnipersona.model.concepts.file_format import ConceptCard, read_card
from omnipersona.model.concepts.files import read_concept, write_concept
from omnipersona.model.concepts.tokens import NUM_GEN, NUM_UND, ConceptTokens
from omnipersona.model.contract import (
    AnswerRequest,
    ConceptFile,
    LearnEvent,
    LearnRequest,
    LearnResult,
    Preset,
    Routing,
)
from omnipersona.model.engine.devices import memory_of, training_precision
from omnipersona.model.engine.distributed import ALONE, Team
from omnipersona.model.errors import ForeignPicture, LearningFailed

_MEAN_DECAY: Final = 0.9
_SQUARE_DECAY: Final = 0.999
_EPSILON: Final = 1e-8


class Adam:
    """Moments of some parameters.

    Args:
        parameters: Changed in place by `step`; those without a gradient stay.
    """

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self.parameters = list(parameters)
        self.means = [torch.zeros_like(one) for one in self.parameters]
        self.squares = [torch.zeros_like(one) for one in self.parameters]
        self.num_steps = 0

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move every parameter by about `rate` against its gradient."""
        self.num_steps += 1
        mean_share = 1.0 - _MEAN_DECAY**self.num_steps
        square_share = 1.0 - _SQUARE_DECAY**self.num_steps
        for parameter, mean, square in zip(self.parameters, self.means, self.squares, strict=True):
            if parameter.grad is None:
                continue
            mean.lerp_(parameter.grad, 1.0 - _MEAN_DECAY)
            square.lerp_(parameter.grad.square(), 1.0 - _SQUARE_DECAY)
            size = (square / square_share).sqrt() + _EPSILON
            parameter.addcdiv_(mean / mean_share, size, value=-rate)


Start = Literal["photos", "noun", "noise"]


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingConfig:
    """Length and pace of learning, and what a comparison may change.

    Attributes:
        num_steps: Updates.
        num_drawings: Drawings per step and concept.
        rate: Peak learning rate of identifier and understanding tokens; falls along a cosine
            to a tenth.
        gen_rate: The same of the generation tokens.
        is_thorough: Whether the model first draws others of the kind and edits, to learn from.
        routing: Which expert reads the gen tokens; the paper's is `decoupled`.
        num_und: Understanding tokens.
        num_gen: Generation tokens.
        with_reading: Learn from questions and facts.
        with_drawing: Learn from drawings.
        with_edits: Learn from edits.
        start: What the concept encoder makes of the photos, the kind's noun, or noise.
        probe_every: Steps between two looks at photos that are held out, a fifth of five or more;
            learning stops when they no longer gain, with the best tokens. 0 holds none out.
        lora_rank: Of an adapter on the generation expert that is learned along; 0 learns none.
        lora_rate: Peak learning rate of the adapter; falls like the other.
    """

    num_steps: int
    num_drawings: int
    rate: float
    gen_rate: float
    is_thorough: bool = True
    routing: Routing = "decoupled"
    num_und: int = NUM_UND
    num_gen: int = NUM_GEN
    with_reading: bool = True
    with_drawing: bool = True
    with_edits: bool = True
    start: Start = "photos"
    probe_every: int = 0
    lora_rank: int = 0
    lora_rate: float = 2e-3

    def __post_init__(self) -> None:
        named = ("num_steps", "num_drawings", "rate", "gen_rate")
        wrong = [f"{name} {getattr(self, name)}" for name in named if not getattr(self, name) > 0]
        if wrong:
            raise ValueError(f"{' and '.join(wrong)} must be above zero")
        if not (self.with_reading or self.with_drawing):
            raise ValueError("with_reading and with_drawing are both off; nothing would be learned")


PRESETS: Final[dict[Preset, TrainingConfig]] = {
    "quick": TrainingConfig(
        num_steps=12,
        num_drawings=4,
        rate=0.02,
        gen_rate=0.002,
        is_thorough=False,
        routing="apart",
    ),
    "nano": TrainingConfig(
        num_steps=200, num_drawings=3, rate=0.05, gen_rate=0.002, routing="apart"
    ),
    "paper": TrainingConfig(
        num_steps=2000, num_drawings=4, rate=1e-3, gen_rate=1e-3, probe_every=100
    ),
}


@dataclass(frozen=True, slots=True)
class TrainedConcept:
    """One concept while it is learned.

    Attributes:
        tokens: Vectors, trained in place.
        sampler: Of the concept.
        adapter: Matrices that are trained along; they act on everything in the batch.
    """

    tokens: ConceptTokens
    sampler: ConceptSampler
    adapter: Sequence[nn.Parameter] = ()


@dataclass(slots=True)
class _Batch:
    """The samples of a step, edits last."""

    reading: list[Sample]
    drawings: list[Sample]
    edits: list[Sample]


def fit(
    model: OmniModel,
    concepts: Sequence[TrainedConcept],
    markers: Markers,
    config: TrainingConfig,
    num_done: int = 0,
    team: Team = ALONE,
) -> Iterator[LearnEvent]:
    """Learn in place, one event per update; losses are means over the concepts.

    Joint loss: cross-entropy of answers + velocity error of drawings + velocity error of edits.

    Args:
        model: Frozen by this call, but for adapters.
        concepts: At least one, and no other beside one with an adapter; the rows of their prompters
            follow one another in this order.
        markers: Ids around pictures.
        config: Length and pace.
        num_done: Steps of an earlier run that was cut off.
        team: Whom this process learns with; every process begins with the same tokens.

    Raises:
        LearningFailed: A loss or gradient is not a number; tokens keep their last good values.
    """
    model.requires_grad_(requires_grad=False)
    und = Adam([vector for concept in concepts for vector in concept.tokens.read_with()])
    gen = Adam([vector for concept in concepts for vector in concept.tokens.drawn_with()])
    adapters = Adam([matrix for concept in concepts for matrix in concept.adapter])
    rates = ((und, config.rate), (gen, config.gen_rate), (adapters, config.lora_rate))
    parameters = [parameter for optimizer, _ in rates for parameter in optimizer.parameters]
    for matrix in adapters.parameters:
        matrix.requires_grad_()
    held_out = [sample for concept in concepts for sample in concept.sampler.held_out()]
    stopping = EarlyStopping(model, [concept.tokens for concept in concepts], held_out, markers)
    for step in range(num_done, config.num_steps):
        text, flow, edit = _losses(model, concepts, markers, config)
        loss = text + flow + (edit if edit is not None else 0.0)
        if not bool(torch.isfinite(loss)):
            raise _failed(step, config, f"the loss is {loss.item()}")
        for optimizer, _ in rates:
            optimizer.zero_grad()
        (loss * len(concepts)).backward()
        team.average(parameters)
        grads = [vector.grad for vector in parameters if vector.grad is not None]
        if not all(bool(torch.isfinite(grad).all()) for grad in grads):
            raise _failed(step, config, "the gradient is not a number")
        share = 0.55 + 0.45 * math.cos(math.pi * step / config.num_steps)
        for optimizer, rate in rates:
            optimizer.step(share * rate)
        is_due = config.probe_every > 0 and (step + 1) % config.probe_every == 0
        yield LearnEvent(
            step=step + 1,
            num_steps=config.num_steps,
            loss_text=text.item(),
            loss_flow=flow.item(),
            loss_edit=None if edit is None else edit.item(),
            loss_held_out=stopping.look() if is_due else None,
        )
        if team.agrees(stopping.is_over):
            break
    stopping.restore()


def _failed(step: int, config: TrainingConfig, reason: str) -> LearningFailed:
    return LearningFailed(
        f"Learning stopped at step {step + 1} of {config.num_steps}: {reason}. "
        "What was learned before is kept; teach it again with other photos."
    )


def _batch(concepts: Sequence[TrainedConcept], config: TrainingConfig) -> _Batch:
    batch = _Batch([], [], [])
    for concept in concepts:
        sampler = concept.sampler
        if config.with_reading:
            batch.reading += sampler.reading()
        if config.with_drawing:
            batch.drawings += sampler.drawing(config.num_drawings)
        if config.with_edits:
            batch.edits += sampler.editing()
    return batch


def _losses(
    model: OmniModel, concepts: Sequence[TrainedConcept], markers: Markers, config: TrainingConfig
) -> tuple[Tensor, Tensor, Tensor | None]:
    batch = _batch(concepts, config)
    with torch.enable_grad():
        samples = [*batch.reading, *batch.drawings, *batch.edits]
        packed = pack(samples, markers).to(model.device)
        with training_precision():
            losses = model(packed, torch.cat([concept.tokens.table() for concept in concepts]))
    text = (losses.ce * packed.label_weights).sum() / packed.label_weights.sum()
    per_token = losses.mse.mean(-1)
    targets = [sample.segments[-1] for sample in batch.edits]
    num_edit_rows = sum(len(one.tokens) for one in targets if isinstance(one, GenImage))
    split = per_token.shape[0] - num_edit_rows
    nothing = losses.ce.new_zeros(())
    return (
        text if len(losses.ce) else nothing,
        per_token[:split].mean() if split else nothing,
        per_token[split:].mean() if num_edit_rows else None,
    )


_RANKS_APART: Final = 1_000_003
_START_NOISE: Final = 0.02
_LONGEST_ANSWER: Final = 12
_PHOTOS_PER_HELD_OUT: Final = 5
_SAVE_SECONDS: Final = 20.0


def learn(pipeline: Pipeline, request: LearnRequest) -> Iterator[LearnEvent | LearnResult]:
    """Yield an event per update, then the concept.

    Preparing the dataset yields events of step 0, so that a caller sees life and can stop.

    Raises:
        ForeignPicture: Most photos show what the model does not know.
        LearningFailed: A loss was not a number.
    """
    started = time.monotonic()
    config = PRESETS[request.preset]
    for event in learn_batch(pipeline, [request], config):
        if isinstance(event, LearnEvent):
            yield event
            continue
        yield LearnResult(
            concept=event[0],
            num_steps=config.num_steps,
            elapsed_ms=(time.monotonic() - started) * 1000.0,
        )


def learn_batch(
    pipeline: Pipeline,
    requests: Sequence[LearnRequest],
    config: TrainingConfig,
    team: Team = ALONE,
) -> Iterator[LearnEvent | list[ConceptFile]]:
    """Learn several concepts in one batch, by one configuration; ends with their files.

    Processes of a team prepare the same dataset and draw other samples of it.

    Raises:
        ForeignPicture: Most photos of a concept show what the model does not know.
        LearningFailed: A loss was not a number.
        ValueError: Several are learned with adapters, which cannot share a batch.
    """
    if config.lora_rank and len(requests) > 1:
        raise ValueError(f"{len(requests)} concepts with adapters; learn one at a time")
    concepts: list[TrainedConcept] = []
    if _must_recompute(pipeline):
        pipeline.model.decoder.recomputes = True
    row = 0
    for request in requests:
        dataset = ConceptDataset(request.facts, request.kind)
        photos = [read_png(photo.whole) for photo in request.photos]
        is_thorough = config.is_thorough
        preparing = prepare(
            dataset, photos, _labeler(pipeline), request.seed, is_thorough=is_thorough
        )
        for _ in chain(_refuse_foreign(pipeline, photos), preparing):
            yield LearnEvent(step=0, num_steps=config.num_steps, loss_text=0.0, loss_flow=0.0)
        seen = [photo.picture.seen for photo in dataset.photos]
        if config.probe_every:
            count = len(dataset.photos) // _PHOTOS_PER_HELD_OUT
            dataset.held_out = [dataset.photos.pop() for _ in range(count)]
        tokens = _starting_tokens(pipeline, request, config, seen)
        rows = ConceptRows.of(tokens, row)
        concepts.append(
            TrainedConcept(tokens, _sampler(pipeline, request, dataset, rows, team.rank))
        )
        row += rows.num_rows
    adapter = None
    if config.lora_rank:
        adapter = yield from _fit_with_adapter(pipeline, concepts[0], config)
    elif len(requests) == 1:
        yield from _fit_and_save(pipeline, requests[0], concepts[0], config, team)
    else:
        yield from fit(pipeline.model, concepts, pipeline.tokenizer.markers, config, team=team)
    yield [
        write_concept(concept.tokens, _card(pipeline, one), adapter)
        for concept, one in zip(concepts, requests, strict=True)
    ]


def _must_recompute(pipeline: Pipeline) -> bool:
    """Whether a step keeps more than the device holds, unless its layers run twice."""
    work = Work(kind="learning", size=pipeline.config.image_size)
    kind = weight_type(str(pipeline.model.dtype).removeprefix("torch."), "full")
    return plan(pipeline.config, work, kind).total > memory_of(pipeline.model.device.type)


def _refuse_foreign(pipeline: Pipeline, photos: Sequence[Image.Image]) -> Iterator[None]:
    """Raise if most photos are foreign; a single one may be an odd picture of a known thing.

    Pauses after each photo.
    """
    num_foreign = 0
    for photo in photos:
        num_foreign += pipeline.is_foreign(photo)
        yield
    if 2 * num_foreign > len(photos):
        raise ForeignPicture(
            f"I cannot learn from these photos: {num_foreign} of {len(photos)} show what I do not "
            f"know. {pipeline.config.world}"
        )


def _card(pipeline: Pipeline, request: LearnRequest) -> ConceptCard:
    return ConceptCard(name=request.name, kind=request.kind, fingerprint=pipeline.fingerprint)


def _fit_and_save(
    pipeline: Pipeline,
    request: LearnRequest,
    concept: TrainedConcept,
    config: TrainingConfig,
    team: Team,
) -> Iterator[LearnEvent]:
    """Learn one concept from where its start was cut off; events carry the tokens now and then."""
    num_done = _num_done(request, config)
    saved = time.monotonic()
    for event in fit(pipeline.model, [concept], pipeline.tokenizer.markers, config, num_done, team):
        if time.monotonic() - saved < _SAVE_SECONDS or event.step == config.num_steps:
            yield event
            continue
        card = replace(_card(pipeline, request), unfinished=f"{_run_name(request)} {event.step}")
        yield replace(event, saved=write_concept(concept.tokens, card))
        saved = time.monotonic()


def _num_done(request: LearnRequest, config: TrainingConfig) -> int:
    """Return the steps that the request's start has behind it of the same run."""
    unfinished = read_card(request.start).unfinished if request.start is not None else ""
    name, _, step = unfinished.partition(" ")
    is_same = name == _run_name(request) and step.isdecimal() and int(step) < config.num_steps
    return int(step) if is_same else 0


def _run_name(request: LearnRequest) -> str:
    """Return a name that other photos, facts or presets change."""
    digest = hashlib.sha256(repr((request.kind, request.facts, request.seed)).encode())
    for photo in request.photos:
        digest.update(bytes.fromhex(photo.sha256))
    return f"{request.preset}-{digest.hexdigest()[:8]}"


def _fit_with_adapter(
    pipeline: Pipeline, concept: TrainedConcept, config: TrainingConfig
) -> Generator[LearnEvent, None, dict[str, Tensor]]:
    """Learn tokens and an adapter; return the adapter's matrices."""
    adapters = pipeline.adapters
    name = adapters.add(config.lora_rank)
    try:
        taught = replace(concept, adapter=adapters.parameters(name))
        steps = fit(pipeline.model, [taught], pipeline.tokenizer.markers, config)
        yield from adapters.while_stepping([name], steps)
        return {key: matrix.clone() for key, matrix in adapters.tensors(name).items()}
    finally:
        adapters.remove(name)


def learned(
    pipeline: Pipeline, requests: Sequence[LearnRequest], config: TrainingConfig
) -> list[ConceptFile]:
    """Return the concepts of `learn_batch`, for callers that do not watch."""
    *_, files = learn_batch(pipeline, requests, config)
    assert isinstance(files, list), "learning ends with the files"
    return files


def _sampler(
    pipeline: Pipeline,
    request: LearnRequest,
    dataset: ConceptDataset,
    rows: ConceptRows,
    rank: int,
) -> ConceptSampler:
    return ConceptSampler(
        dataset,
        Prompter(pipeline.tokenizer, [rows]),
        pipeline.config.sampling.timestep_shift,
        random.Random(request.seed + rank * _RANKS_APART),
        torch.Generator().manual_seed(request.seed + rank * _RANKS_APART),
        edit_ports=pipeline.config.edit_ports,
    )


def _starting_tokens(
    pipeline: Pipeline, request: LearnRequest, config: TrainingConfig, photos: Sequence[UndImage]
) -> ConceptTokens:
    """Return where learning starts: at earlier tokens if the request brings them."""
    if request.start is not None:
        return read_concept(request.start, pipeline.config.text.hidden_size, pipeline.fingerprint)
    table = starting_table(pipeline, request, config, photos)
    return ConceptTokens.from_table(table, config.num_und, config.routing)


@torch.no_grad()
def starting_table(
    pipeline: Pipeline, request: LearnRequest, config: TrainingConfig, photos: Sequence[UndImage]
) -> Tensor:
    """Return starting vectors (1 + num_und + num_gen, D).

    What the concept encoder beside the checkpoint makes of the photos; without one, the embedding
    of the kind's noun. Noise is added where vectors would be equal.
    """
    count = 1 + config.num_und + config.num_gen
    generator = torch.Generator().manual_seed(request.seed)
    noise = torch.randn(count, pipeline.config.text.hidden_size, generator=generator)
    found = ConceptEncoder.read(pipeline.folder) if config.start == "photos" else None
    if found is not None:
        encoder, _ = found
        return _resized(encoder(photo_features(pipeline.model, photos).cpu()), config, noise)
    if config.start == "noise":
        return noise * pipeline.model.decoder.embed_tokens.weight.std().float()
    ids, _ = pipeline.tokenizer.encode(f" {request.kind or 'thing'}")
    noun = pipeline.model.decoder.embed_tokens(torch.tensor(ids, device=pipeline.model.device))
    noun = noun.float().mean(0).cpu()
    return noun + _START_NOISE * noise


def _resized(table: Tensor, config: TrainingConfig, noise: Tensor) -> Tensor:
    """Return as many vectors of each side as asked for, repeated with noise where they run out."""
    sides = (table[1 : 1 + NUM_UND], config.num_und), (table[1 + NUM_UND :], config.num_gen)
    picked = [table[:1]]
    for rows, count in sides:
        picked.append(rows[torch.arange(count) % len(rows)])
    found = torch.cat(picked)
    extra = torch.cat([torch.zeros(1), *(torch.arange(n) >= len(r) for r, n in sides)]).bool()
    return torch.where(extra[:, None], found + _START_NOISE * noise, found)


def _labeler(pipeline: Pipeline) -> SelfLabeler:
    def see(image: Image.Image) -> Picture:
        fitted = resized(image, pipeline.config.vae_resize)
        seen = seen_image(pipeline.config, pipeline.vision_pixels(fitted))
        with torch.no_grad():
            latents = pipeline.encode(fitted, torch.Generator().manual_seed(0))
            rows = pipeline.model.vision_rows(seen.patches, seen.position_ids, [len(seen.patches)])
        return Picture(replace(seen, rows=rows), clean_image(pipeline.config, latents))

    def ask(question: str, image: Image.Image) -> str:
        request = AnswerRequest(
            question=question, images=(write_png(image),), max_tokens=_LONGEST_ANSWER
        )
        try:
            return "".join(pipeline.answer(request)).strip()
        except ForeignPicture:  # of one that few others among the photos are like
            return ""

    return SelfLabeler(
        see,
        ask,
        lambda prompts, seed: draw_roughly(pipeline, prompts, seed),
        lambda images, told, seed: edit_roughly(pipeline, images, told, seed),
    )
