"""Loading a checkpoint costs its weights and little more, measured on a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from oracles.random_weights import random_model
from safetensors.torch import load_file, save_file

from omnipersona.model.bagel.checkpoint.loading import save_folder
from omnipersona.model.bagel.config import AutoencoderConfig, ModelConfig, TextConfig, VisionConfig

# VmHWM rather than getrusage: the latter remembers the parent of a process that was forked.
_PROGRAM = """
import json, sys
from pathlib import Path
import torch
from omnipersona.model.bagel.checkpoint.loading import load_with_report

def kilobytes(name):
    status = Path("/proc/self/status").read_text()
    return int(status.split(name + ":")[1].split()[0])

before = kilobytes("VmRSS")
model, report = load_with_report(Path(sys.argv[1]), dtype=getattr(torch, sys.argv[2]))
grown = 1024 * (kilobytes("VmHWM") - before)
held = sum(v.numel() * v.element_size() for v in model.state_dict().values())
print(json.dumps({"grown": grown, "held": held, "on_disk": report.num_bytes}))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkpoint of some 160 MB, its network in bfloat16 and in three shards."""
    config = ModelConfig(
        text=TextConfig(
            vocab_size=8000,
            hidden_size=1024,
            intermediate_size=3072,
            num_hidden_layers=2,
            num_attention_heads=8,
            num_key_value_heads=2,
        ),
        vision=VisionConfig(
            hidden_size=128,
            intermediate_size=256,
            num_hidden_layers=3,
            num_attention_heads=4,
            patch_size=14,
            image_size=112,
        ),
        autoencoder=AutoencoderConfig(ch=32),
        max_latent_size=8,
        vit_max_num_patch_per_side=8,
    )
    folder = tmp_path_factory.mktemp("large")
    save_folder(random_model(config), folder)
    tensors = {k: v.bfloat16() for k, v in load_file(folder / "ema.safetensors").items()}
    (folder / "ema.safetensors").unlink()
    keys = sorted(tensors)
    weight_map: dict[str, str] = {}
    for i in range(3):
        name = f"model-{i}.safetensors"
        save_file({key: tensors[key] for key in keys[i::3]}, folder / name)
        weight_map |= dict.fromkeys(keys[i::3], name)
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": weight_map}))
    return folder


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc/self/status")
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_loading_peaks_within_a_tenth_above_the_weights(folder: Path, dtype: torch.dtype) -> None:
    name = str(dtype).removeprefix("torch.")
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(folder), name],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        # A fixed threshold gives large tensors back at once; else the allocator keeps some.
        env={**os.environ, "MALLOC_MMAP_THRESHOLD_": "131072"},
    )
    found = json.loads(done.stdout)
    assert found["on_disk"] > 150e6
    if dtype == torch.bfloat16:
        assert found["grown"] <= 1.1 * found["on_disk"], found
    assert found["grown"] <= 1.1 * found["held"], found
    assert found["grown"] > 0.9 * found["held"], "the measurement misses what was loaded"
