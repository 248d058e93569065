"""Learning concepts' tokens; every other weight stays as it is.

Several concepts can learn in one batch: their samples share a forward, their vectors do not meet.
Knows teachers, the frozen model and an optimiser. Does not know photos as files, jobs or users.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import torch
from torch import Tensor, nn

from omnipersona.model.concept.adam import Adam
from omnipersona.model.concept.tokens import NUM_GEN, NUM_UND, ConceptTokens, Routing
from omnipersona.model.contract import LearnEvent, Preset
from omnipersona.model.errors import LearningFailed
from omnipersona.model.omni import OmniModel
from omnipersona.model.precision import training_precision
from omnipersona.model.sequence.pack import Markers, pack
from omnipersona.model.sequence.segments import GenImage, Sample
from omnipersona.model.teacher import Teacher
from omnipersona.model.team import ALONE, Team
from omnipersona.model.watch import Watch

Start = Literal["photos", "noun", "noise"]


@dataclass(frozen=True, kw_only=True, slots=True)
class FitConfig:
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


PRESETS: Final[dict[Preset, FitConfig]] = {
    "quick": FitConfig(
        num_steps=12,
        num_drawings=4,
        rate=0.02,
        gen_rate=0.002,
        is_thorough=False,
        routing="apart",
    ),
    "nano": FitConfig(num_steps=200, num_drawings=3, rate=0.05, gen_rate=0.002, routing="apart"),
    "paper": FitConfig(num_steps=2000, num_drawings=4, rate=1e-3, gen_rate=1e-3, probe_every=100),
}


@dataclass(frozen=True, slots=True)
class Pupil:
    """One concept while it is learned.

    Attributes:
        tokens: Vectors, trained in place.
        teacher: Of the concept.
        adapter: Matrices that are trained along; they act on everything in the batch.
    """

    tokens: ConceptTokens
    teacher: Teacher
    adapter: Sequence[nn.Parameter] = ()


@dataclass(slots=True)
class _Batch:
    """The samples of a step, edits last."""

    reading: list[Sample]
    drawings: list[Sample]
    edits: list[Sample]


def fit(
    model: OmniModel,
    pupils: Sequence[Pupil],
    markers: Markers,
    config: FitConfig,
    num_done: int = 0,
    team: Team = ALONE,
) -> Iterator[LearnEvent]:
    """Learn in place, one event per update; losses are means over the concepts.

    Joint loss: cross-entropy of answers + velocity error of drawings + velocity error of edits.

    Args:
        model: Frozen by this call, but for adapters.
        pupils: At least one, and no other beside one with an adapter; the rows of their prompters
            follow one another in this order.
        markers: Ids around pictures.
        config: Length and pace.
        num_done: Steps of an earlier run that was cut off.
        team: Whom this process learns with; every process begins with the same tokens.

    Raises:
        LearningFailed: A loss or gradient is not a number; tokens keep their last good values.
    """
    model.requires_grad_(requires_grad=False)
    und = Adam([vector for pupil in pupils for vector in pupil.tokens.read_with()])
    gen = Adam([vector for pupil in pupils for vector in pupil.tokens.drawn_with()])
    adapters = Adam([matrix for pupil in pupils for matrix in pupil.adapter])
    rates = ((und, config.rate), (gen, config.gen_rate), (adapters, config.lora_rate))
    parameters = [parameter for optimizer, _ in rates for parameter in optimizer.parameters]
    for matrix in adapters.parameters:
        matrix.requires_grad_()
    held_out = [sample for pupil in pupils for sample in pupil.teacher.held_out()]
    watch = Watch(model, [pupil.tokens for pupil in pupils], held_out, markers)
    for step in range(num_done, config.num_steps):
        text, flow, edit = _losses(model, pupils, markers, config)
        loss = text + flow + (edit if edit is not None else 0.0)
        if not bool(torch.isfinite(loss)):
            raise _failed(step, config, f"the loss is {loss.item()}")
        for optimizer, _ in rates:
            optimizer.zero_grad()
        (loss * len(pupils)).backward()
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
            loss_held_out=watch.look() if is_due else None,
        )
        if team.agrees(watch.is_over):
            break
    watch.restore()


def _failed(step: int, config: FitConfig, reason: str) -> LearningFailed:
    return LearningFailed(
        f"Learning stopped at step {step + 1} of {config.num_steps}: {reason}. "
        "What was learned before is kept; teach it again with other photos."
    )


def _batch(pupils: Sequence[Pupil], config: FitConfig) -> _Batch:
    batch = _Batch([], [], [])
    for pupil in pupils:
        teacher = pupil.teacher
        if config.with_reading:
            batch.reading += teacher.reading()
        if config.with_drawing:
            batch.drawings += teacher.drawing(config.num_drawings)
        if config.with_edits:
            batch.edits += teacher.editing()
    return batch


def _losses(
    model: OmniModel, pupils: Sequence[Pupil], markers: Markers, config: FitConfig
) -> tuple[Tensor, Tensor, Tensor | None]:
    batch = _batch(pupils, config)
    with torch.enable_grad():
        samples = [*batch.reading, *batch.drawings, *batch.edits]
        packed = pack(samples, markers).to(model.device)
        with training_precision():
            losses = model(packed, torch.cat([pupil.tokens.table() for pupil in pupils]))
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
