"""Our drawing against the published reference implementation, if its folder is at hand.

The reference runs as a process of its own, in its folder's `.venv` if there is one, since it pins
other versions than ours. It draws from the same weights, words and noise, and must come to the same
picture. Knows the worker's files. Does not know what the worker does.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from omnipersona.bench.errors import BenchError
from omnipersona.bench.stage import Load, Stage
from omnipersona.bench.work import DRAWING, SHIFT
from omnipersona.model.bagel.checkpoint.loading import save_folder
from omnipersona.model.bagel.flow.sampling import DrawInputs, draw
from omnipersona.model.bagel.sequence import TextSegment
from omnipersona.model.bagel.velocity_batch import CFGContexts

WORKER: Final = Path(__file__).with_name("reference_worker.py")
_SEED: Final = 1
_SPECIAL: Final = {"start_of_image": 1, "end_of_image": 2, "bos_token_id": 3, "eos_token_id": 4}
# The reference multiplies in bfloat16 whatever its weights are.
_TOLERANCE: Final = 0.03


@torch.no_grad()
def time_reference(stage: Stage, load: Load, folder: Path) -> tuple[float, float]:
    """Return the median seconds of a drawing, ours and the reference's.

    Args:
        stage: Of a model with whole weights.
        load: Steps and repeats.
        folder: A copy of the reference's repository.

    Raises:
        BenchError: The reference cannot be run, or draws another picture.
    """
    ids = stage.words(_SEED).ids
    inputs = _painting(stage, ids)
    with TemporaryDirectory() as name:
        job = Path(name)
        save_folder(stage.model, job, dtype=stage.model.dtype)
        save_file({"noise": inputs.noise_TE}, job / "noise.safetensors")
        (job / "job.json").write_text(json.dumps(_job(stage, load, ids)))
        found = _run(folder, job)
        theirs = load_file(job / "latent.safetensors")["latent"]
    seconds, ours = _time_ours(inputs, load)
    error = float((ours - theirs).norm() / theirs.norm())
    if not error <= _TOLERANCE:
        raise BenchError(
            f"The reference draws another picture: the latents differ by {error:.3f} of their "
            f"norm, more than {_TOLERANCE}."
        )
    return seconds, median(found["seconds"])


def _painting(stage: Stage, ids: Sequence[int]) -> DrawInputs:
    guidance = CFGContexts.empty(stage.model, stage.markers)
    begin, end = _SPECIAL["bos_token_id"], _SPECIAL["eos_token_id"]
    guidance.add_text(TextSegment(ids=[begin, *ids, end]))
    return replace(stage.inputs(_SEED), guidance=guidance)


def _job(stage: Stage, load: Load, ids: Sequence[int]) -> dict[str, Any]:
    return {
        "ids": list(ids),
        "special": _SPECIAL,
        "side": stage.model.config.image_size,
        "num_steps": load.num_steps,
        "timestep_shift": SHIFT,
        "cfg_text_scale": DRAWING.cfg_text_scale,
        "cfg_img_scale": DRAWING.cfg_img_scale,
        "cfg_interval": DRAWING.cfg_interval,
        "repeats": load.repeats,
        "threads": torch.get_num_threads(),
    }


def _run(folder: Path, job: Path) -> dict[str, Any]:
    python = folder / ".venv" / "bin" / "python"
    chosen = python if python.exists() else Path(sys.executable)
    command = [str(part) for part in (chosen, WORKER, folder, job)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise BenchError(
            f"The reference in {folder} cannot be run: {reason}. It needs its own packages: make "
            f"{python.parent.parent} and install what its requirements.txt names."
        )
    found: dict[str, Any] = json.loads((job / "found.json").read_text())
    return found


def _time_ours(inputs: DrawInputs, load: Load) -> tuple[float, Tensor]:
    seconds = []
    latent = inputs.noise_TE
    for _ in range(load.repeats):
        started = time.perf_counter()
        steps = draw([inputs], num_steps=load.num_steps, timestep_shift=SHIFT, config=DRAWING)
        *_, [(latent, _)] = steps
        seconds.append(time.perf_counter() - started)
    return median(seconds), latent
