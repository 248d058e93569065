"""A short run ends by itself within its time, and what it writes is small and can be begun from."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from omnipersona.model.bagel.checkpoint.loading import load_folder
from omnipersona.model.registry import NANO_FOLDER
from omnipersona.training import borrowed as module
from omnipersona.training.borrowed import borrowed
from omnipersona.training.build import begin_from
from omnipersona.training.recipe import Stage, read_recipe
from omnipersona.training.trainers import validation


@pytest.mark.slow
def test_it_writes_small_files_that_a_training_begins_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_NUM_LOOKS", "_NUM_TURNS", "_NUM_RECOGNITIONS", "_NUM_DRAWINGS"):
        monkeypatch.setattr(validation, name, 80 if name == "_NUM_LOOKS" else 7)
    monkeypatch.setattr(module, "_SHARD_BYTES", 10 * 2**20)
    monkeypatch.setattr(module, "_UNTIL", 19_010)
    counts = dict.fromkeys(("look", "recognise", "text", "edit", "facts", "told", "echo"), 1)
    stage = Stage(until=10**9, concept_share=0.5, draw=1, **counts)
    recipe = replace(read_recipe(), stages=(stage,), num_concepts=4, pool_size=2)
    out = tmp_path / "out"
    borrowed(recipe, NANO_FOLDER, out, seconds=900.0, reserve=0.0, device="cpu", makers=0, scale=1)
    names = {path.name for path in out.iterdir()}
    assert len(names) <= 8
    weights = [path for path in out.iterdir() if path.suffix == ".safetensors"]
    assert len(weights) <= 3
    assert all(path.stat().st_size < 16 * 2**20 for path in weights)
    assert "| drawing at 0.8: figures |" in (out / "losses.md").read_text()
    # With the autoencoder and the tokenizer of the start it is a checkpoint.
    for name in ("ae.safetensors", "tokenizer.json"):
        shutil.copy(NANO_FOLDER / name, out)
    assert load_folder(out).config.edit_ports
    begin_from(out, recipe, tmp_path / "state")
    before, after = load_folder(NANO_FOLDER), load_folder(out)
    assert not torch.equal(before.llm2vae.weight, after.llm2vae.weight)
