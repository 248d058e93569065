"""How long pieces of work take, and which share of the device's own pace they reach.

The pace is that of one large multiplication in the network's number type, measured here. Knows
models of random weights and clocks. Does not know quality.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Final

import torch

from omnipersona.bench.cost import drawing_flops, forward_flops
from omnipersona.bench.stage import Load, Stage
from omnipersona.model.bagel.flow.guidance import GuidanceConfig
from omnipersona.model.bagel.flow.sampling import DrawInputs, draw
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.sequence import Sample, Segment, TextSegment, pack, target_image
from omnipersona.model.bagel.velocity_batch import Context

SHIFT: Final = 3.0
DRAWING: Final = GuidanceConfig(cfg_text_scale=4.0, cfg_img_scale=1.0, cfg_interval=(0.4, 1.0))
EDITING: Final = GuidanceConfig(cfg_text_scale=4.0, cfg_img_scale=2.0, cfg_interval=(0.0, 1.0))
_ANSWER: Final = 16
_QUESTION: Final = 12
_NUM_DRAWINGS: Final = 3
_NUM_STEPS: Final = 8
_PACE_SIDE: Final = 2048
_PACE_SIDE_ON_GPU: Final = 8192  # less does not fill one
_BATCHES: Final = (1, 4, 16)

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkRow:
    """One piece of work.

    Attributes:
        name: What, and how many at once.
        per: What `seconds` and `gflops` are counted for: a step of one picture, a token, ...
        seconds: Median.
        gflops: Billions of floating-point operations.
        share: Of the device's pace.
    """

    name: str
    per: str
    seconds: float
    gflops: float
    share: float


@dataclass(frozen=True, slots=True)
class _Work:
    name: str
    per: str
    count: int
    flops: int
    run: Callable[[], object]


def run_work(model: OmniModel, load: Load, on_progress: Progress) -> list[WorkRow]:
    """Time drawings, edits, an answer and a learning step of a model of random weights."""
    pace = _pace(model)
    rows = []
    for work in _works(Stage(model)):
        on_progress(work.name)
        seconds = median(_seconds(work.run, model.device) for _ in range(load.repeats))
        rows.append(
            WorkRow(
                name=work.name,
                per=work.per,
                seconds=seconds / work.count,
                gflops=work.flops / 1e9,
                share=work.flops * work.count / seconds / pace,
            )
        )
    return rows


def _works(stage: Stage) -> Iterator[_Work]:
    for count in _BATCHES:
        for name in ("same concept", "concepts") if count > 1 else ("concept",):
            seeds = [0] * count if name == "same concept" else range(count)
            yield _drawing(stage, list(seeds), f"draw {count}, {name}")
    yield _editing(stage)
    yield _answering(stage)
    yield _learning(stage)


@torch.no_grad()
def _drawing(stage: Stage, seeds: list[int], name: str) -> _Work:
    inputs_list = [stage.inputs(seed, has_concept=True) for seed in seeds]
    return _steps(stage, name, inputs_list, DRAWING, num_branches=2)


@torch.no_grad()
def _editing(stage: Stage) -> _Work:
    inputs = stage.inputs(1, has_source=True, has_concept=True)
    return _steps(stage, "edit 1", [inputs], EDITING, num_branches=3)


def _steps(
    stage: Stage,
    name: str,
    inputs_list: list[DrawInputs],
    scales: GuidanceConfig,
    *,
    num_branches: int,
) -> _Work:
    flops = drawing_flops(
        stage.model.config,
        scales,
        num_steps=_NUM_STEPS,
        timestep_shift=SHIFT,
        num_tokens=stage.grid.num_tokens,
        num_past=inputs_list[0].guidance.full.cache.length,
        num_branches=num_branches,
    )
    return _Work(
        name,
        "step",
        len(inputs_list) * _NUM_STEPS,
        flops // _NUM_STEPS,
        lambda: list(draw(inputs_list, num_steps=_NUM_STEPS, timestep_shift=SHIFT, config=scales)),
    )


@torch.no_grad()
def _answering(stage: Stage) -> _Work:
    context = Context(stage.model, stage.markers, stage.concept(0))
    context.add(stage.prompter().prefix(0, "read"))
    context.add(stage.picture(0)[1])
    context.add(stage.words(0, _QUESTION))
    past = context.cache.length + _ANSWER // 2
    flops = forward_flops(stage.model.config, num_rows=1, num_looks=past, num_logits=1)

    def write() -> None:
        fork = context.fork()
        for _ in range(_ANSWER):
            fork.feed(3)

    return _Work("answer", "token", _ANSWER, flops, write)


def _learning(stage: Stage) -> _Work:
    """A step like a lesson's: a recognition, facts, and drawings; weights are frozen.

    Layers run twice on a GPU: it could not keep every activation of a model of the published sizes.
    """
    noise = torch.Generator().manual_seed(0)
    clean, seen = stage.picture(0)
    prefix = stage.prompter().prefix(0, "read")
    answer = TextSegment(ids=stage.words(2, _QUESTION).ids, has_loss=True)
    reading: list[tuple[Segment, ...]] = [(prefix, seen, answer), (prefix, answer)]
    targets = [target_image(clean, 0.5, noise) for _ in range(_NUM_DRAWINGS)]
    drawing: list[tuple[Segment, ...]] = [(prefix, stage.words(1), target) for target in targets]
    packed = pack([Sample(segments=one) for one in (*reading, *drawing)], stage.markers)
    soft = stage.concept(0).requires_grad_()
    model = stage.model.requires_grad_(requires_grad=False)
    model.decoder.recomputes = model.device.type == "cuda"
    forward = forward_flops(
        model.config,
        num_rows=sum(packed.sample_lens),
        num_looks=packed.layout.row_at.numel() * packed.layout.mask.shape[-1],
        num_logits=len(packed.label_rows),
    )

    def step() -> None:
        soft.grad = None
        with torch.enable_grad():
            losses = model(packed, soft)
            (losses.ce.mean() + losses.mse.mean()).backward()

    # Frozen weights need no gradients of their own: the way back costs as much as the way there.
    passes = 3 if model.decoder.recomputes else 2
    return _Work("learn", "step", 1, passes * forward, step)


def _pace(model: OmniModel) -> float:
    """Return the operations per second of one large multiplication."""
    side = _PACE_SIDE_ON_GPU if model.device.type == "cuda" else _PACE_SIDE
    left = torch.randn(side, side, device=model.device, dtype=model.dtype)
    fastest = min(_seconds(lambda: left @ left, model.device) for _ in range(5))
    return 2 * side**3 / fastest


@torch.no_grad()
def _seconds(run: Callable[[], object], device: torch.device) -> float:
    started = time.perf_counter()
    run()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started
