"""The reference is run in a process of its own, and must come to our picture."""

import shutil
from pathlib import Path

import pytest

from omnipersona.bench import reference
from omnipersona.bench.errors import BenchError
from omnipersona.bench.reference import time_reference
from omnipersona.bench.stage import Load, Stage, random_weights, small_sizes
from omnipersona.model.engine.devices import Device

LOAD = Load(width=64, layers=1, num_steps=3, repeats=2)
# Draws with our own plain path from the job's files alone, as the reference would; NOISE spoils it.
DRAWS = """
import json, sys
from pathlib import Path
from dataclasses import replace
import torch
from safetensors.torch import load_file, save_file
from omnipersona.bench.plain_path import draw_plainly
from omnipersona.bench.stage import Stage
from omnipersona.model.bagel.flow.guidance import GuidanceConfig
from omnipersona.model.bagel.velocity_batch import CFGContexts
from omnipersona.model.bagel.sequence import Markers
from omnipersona.model.bagel.sequence import TextSegment
from omnipersona.model.bagel.checkpoint.loading import load_folder

folder = Path(sys.argv[2])
job, special = json.loads((folder / "job.json").read_text()), None
special = job["special"]
net = load_folder(folder)
guidance = CFGContexts.empty(net, Markers(special["start_of_image"], special["end_of_image"]))
ids = [special["bos_token_id"], *job["ids"], special["eos_token_id"]]
with torch.no_grad():
    guidance.add_text(TextSegment(ids=ids))
    noise = load_file(folder / "noise.safetensors")["noise"] + NOISE
    inputs = replace(Stage(net).inputs(0), guidance=guidance, noise_TE=noise)
    config = GuidanceConfig(
        cfg_text_scale=job["cfg_text_scale"],
        cfg_img_scale=job["cfg_img_scale"],
        cfg_interval=tuple(job["cfg_interval"]),
    )
    steps = draw_plainly(
        inputs, num_steps=job["num_steps"], timestep_shift=job["timestep_shift"], config=config
    )
    *_, latent = steps
save_file({"latent": latent.contiguous()}, folder / "latent.safetensors")
(folder / "found.json").write_text(json.dumps({"seconds": [4.0, 2.0, 3.0]}))
"""


@pytest.fixture
def stage() -> Stage:
    return Stage(random_weights(small_sizes(LOAD), Device.of_cpu()))


def _worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, noise: str) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text(DRAWS.replace("NOISE", noise))
    monkeypatch.setattr(reference, "WORKER", worker)


def test_both_are_timed_on_the_same_picture(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _worker(tmp_path, monkeypatch, "0.0")
    ours, theirs = time_reference(stage, LOAD, tmp_path)
    assert ours > 0
    assert theirs == 3.0


def test_another_picture_is_refused(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _worker(tmp_path, monkeypatch, "1.0")
    with pytest.raises(BenchError, match="draws another picture"):
        time_reference(stage, LOAD, tmp_path)


def test_a_folder_without_the_reference_is_told_with_its_reason(
    stage: Stage, tmp_path: Path
) -> None:
    with pytest.raises(BenchError, match=r"No module named 'modeling'.*requirements\.txt"):
        time_reference(stage, LOAD, tmp_path)


def test_the_reference_runs_in_its_own_environment(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    false = shutil.which("false")
    assert false is not None
    python.symlink_to(false)
    with pytest.raises(BenchError, match="it says nothing"):
        time_reference(stage, LOAD, tmp_path)
