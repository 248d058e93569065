"""How fast pictures are made, as ratios to the plain path, on random weights; step caching on nano.

Pairs run in turns, so that a busy machine slows both alike. Knows models of random weights and
clocks. Does not know quality.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Final

import torch

from omnipersona.bench.plain_path import draw_plainly
from omnipersona.bench.reference import time_reference
from omnipersona.bench.stage import Load, Stage, random_weights, small_sizes
from omnipersona.bench.work import DRAWING, EDITING, SHIFT, Progress, WorkRow, run_work
from omnipersona.model.bagel.backbone import load_pipeline
from omnipersona.model.bagel.checkpoint.published import bagel_7b_mot
from omnipersona.model.bagel.flow.guidance import GuidanceConfig, drawing_scales
from omnipersona.model.bagel.flow.sampling import DrawInputs, draw
from omnipersona.model.bagel.memory_plan import kv_bytes
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.pipeline import Pipeline
from omnipersona.model.contract import GenerateRequest, Weights
from omnipersona.model.engine.devices import Device, pick_device
from omnipersona.model.registry import NANO

_VS_REFERENCE: Final = "t2i_vs_reference"
_REUSE_BELOW: Final = 0.1
_PROMPT: Final = "a blue dog with a yellow ball at the beach"

FULL: Final = Load(width=768, layers=12, num_steps=49, repeats=3)
QUICK: Final = Load(width=256, layers=6, num_steps=49, repeats=3)


@dataclass(frozen=True, slots=True)
class SpeedRow:
    """One comparison: medians in seconds and their ratio; above 1 is faster than the yardstick."""

    name: str
    seconds: float
    yardstick_s: float
    ratio: float
    n: int


@dataclass(frozen=True, slots=True)
class SpeedReport:
    """Ratios, pieces of work, and sentences on memory and the device."""

    rows: list[SpeedRow]
    work: list[WorkRow]
    notes: list[str]


def run_speed(
    *,
    quick: bool = False,
    image_size: int | None = None,
    weights: Weights = "full",
    compiled: bool = False,
    reference: Path | None = None,
    on_progress: Progress,
) -> SpeedReport:
    """Time every pair and every piece of work.

    Args:
        quick: A smaller model.
        image_size: Sides of pictures of a model of the published sizes, on the GPU if there is
            one; None takes a small model on the CPU.
        weights: Of the experts' matrices.
        compiled: Compile the steps of drawings; the first run of a shape, which does it, falls out
            of the medians.
        reference: Folder of the published reference implementation, to compare with as well.
        on_progress: Told the name of each pair and piece as it begins.

    Raises:
        WeightsError: The weights need a package that is missing.
        BenchError: The reference cannot be run, or draws another picture.
    """
    load = QUICK if quick else FULL
    device, config = Device.of_cpu(), small_sizes(load)
    if image_size is not None:
        device, config = pick_device(), replace(bagel_7b_mot(), image_size=image_size)
    model = random_weights(config, device, weights)
    if compiled:
        model.decoder.compile_drawing()
    rows = []
    with torch.no_grad():
        for name, ours, plain in _pairs(Stage(model), load):
            on_progress(name)
            rows.append(_timed(name, ours, plain, load.repeats))
    if reference is not None:
        on_progress(_VS_REFERENCE)
        mine, theirs = time_reference(Stage(model), load, reference)
        rows.append(SpeedRow(_VS_REFERENCE, mine, theirs, theirs / mine, load.repeats))
    return SpeedReport(rows, run_work(model, load, on_progress), _notes(model, device, weights))


def _notes(model: OmniModel, device: Device, weights: Weights) -> list[str]:
    per_row = kv_bytes(model.config, 1, model.dtype.itemsize)
    steps = "compiled" if model.decoder.is_compiled else "eager"
    found = [
        f"On {device.name} in {device.dtype_name}, {weights} weights; random ones but for nano.",
        f"Steps of drawings are {steps}.",
        f"A row of context takes {per_row} bytes.",
    ]
    if device.name == "cuda":
        peak = torch.cuda.max_memory_allocated() / 1e9
        found.append(f"{torch.cuda.get_device_name()}; at most {peak:.1f} GB were held.")
    return found


def _pairs(
    stage: Stage, load: Load
) -> Iterator[tuple[str, Callable[[], object], Callable[[], object]]]:
    def ours(inputs_list: Sequence[DrawInputs], config: GuidanceConfig) -> Callable[[], object]:
        return lambda: list(
            draw(inputs_list, num_steps=load.num_steps, timestep_shift=SHIFT, config=config)
        )

    def plain(inputs: DrawInputs, config: GuidanceConfig) -> Callable[[], object]:
        return lambda: list(
            draw_plainly(inputs, num_steps=load.num_steps, timestep_shift=SHIFT, config=config)
        )

    picture, edit = stage.inputs(1), stage.inputs(2, has_source=True)
    yield "t2i_vs_plain_path", ours([picture], DRAWING), plain(picture, DRAWING)
    yield "edit_vs_plain_path", ours([edit], EDITING), plain(edit, EDITING)
    four = [stage.inputs(seed, has_concept=True) for seed in range(4)]
    alone = [ours([one], DRAWING) for one in four]
    yield "batch4_vs_single", ours(four, DRAWING), lambda: [run() for run in alone]
    # How often layers are left out depends on real weights.
    nano, _ = load_pipeline(NANO)
    cached, whole = (_nano_drawing(nano, load, limit) for limit in (_REUSE_BELOW, None))
    yield "step_cache_vs_whole", cached, whole


def _nano_drawing(
    pipeline: Pipeline, load: Load, reuse_below: float | None
) -> Callable[[], object]:
    inputs = pipeline.drawing_of(GenerateRequest(prompt=_PROMPT), torch.Generator().manual_seed(0))
    sampling = pipeline.config.sampling
    return lambda: list(
        draw(
            [inputs],
            num_steps=load.num_steps,
            timestep_shift=sampling.timestep_shift,
            config=drawing_scales(sampling),
            reuse_below=reuse_below,
        )
    )


def _timed(
    name: str, ours: Callable[[], object], yardstick: Callable[[], object], repeats: int
) -> SpeedRow:
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for work, found in zip((ours, yardstick), times, strict=True):
            started = time.perf_counter()
            work()
            found.append(time.perf_counter() - started)
    mine, other = median(times[0]), median(times[1])
    return SpeedRow(name, mine, other, other / mine, repeats)


def speed_table(report: SpeedReport) -> str:
    """Write a report as aligned tables."""
    lines = [f"{'name':<22}{'seconds':>9}{'yardstick':>11}{'ratio':>7}"]
    lines += [
        f"{row.name:<22}{row.seconds:>9.2f}{row.yardstick_s:>11.2f}{row.ratio:>7.2f}"
        for row in report.rows
    ]
    lines += ["", f"{'work':<22}{'seconds per':>16}{'GFLOP':>15}{'of pace':>9}"]
    lines += [
        f"{row.name:<22}{row.seconds:>11.4f} {row.per:<8}{row.gflops:>11.2f}{row.share:>9.2f}"
        for row in report.work
    ]
    return "\n".join([*lines, "", *report.notes])


def speed_json(report: SpeedReport) -> str:
    """Write a report as one JSON object."""
    return json.dumps(asdict(report))
