"""Pretraining goes on as if it had not been interrupted, and begins again from a checkpoint."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from omnipersona.model.bagel.backbone import load_model
from omnipersona.model.bagel.config import AutoencoderConfig, TextConfig, VisionConfig
from omnipersona.model.errors import DeviceError
from omnipersona.training import build
from omnipersona.training.build import build_nano
from omnipersona.training.recipe import Recipe, Stage, read_recipe
from omnipersona.training.trainers.checkpoint import done_steps
from omnipersona.training.trainers.cooldown import Cooldown

Build = Callable[..., dict[str, torch.Tensor]]


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> Recipe:
    monkeypatch.setattr(build, "_CORPUS_SAMPLES", 300)
    real = read_recipe()
    config = replace(
        real.config,
        text=TextConfig(
            vocab_size=400,
            hidden_size=32,
            intermediate_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=1,
        ),
        vision=VisionConfig(
            hidden_size=16,
            intermediate_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            patch_size=16,
            image_size=64,
        ),
        vit_max_num_patch_per_side=4,
        autoencoder=AutoencoderConfig(
            z_channels=2, downsample=2, ch=4, ch_mult=(1, 1), num_res_blocks=1, num_groups=2
        ),
    )
    counts = dict.fromkeys(("recognise", "edit", "facts", "told", "echo"), 1)
    stage = Stage(until=10**9, concept_share=0.5, draw=2, look=2, text=2, **counts)
    return replace(
        real,
        config=config,
        vocab_size=400,
        num_concepts=6,
        autoencoder_steps=2,
        decoder_steps=2,
        vision_steps=2,
        stages=(stage,),
    )


@pytest.fixture
def built(recipe: Recipe, tmp_path: Path) -> Build:
    def run(name: str, until: int, start: Path | None = None) -> dict[str, torch.Tensor]:
        state, out = tmp_path / f"{name}-state", tmp_path / f"{name}-out"
        build_nano(recipe, state, out, until=until, seconds=600, start=start)
        return load_file(state / "network.safetensors")

    return run


def test_two_halves_equal_one_whole(built: Build) -> None:
    built("halves", 2)
    halves, whole = built("halves", 4), built("whole", 4)
    # Not bit-equal: a loaded tensor may lie otherwise in memory and be summed in another order.
    torch.testing.assert_close(halves, whole, atol=1e-6, rtol=0)


def test_the_export_loads_and_training_begins_from_it(built: Build, tmp_path: Path) -> None:
    built("first", 2)
    exported = tmp_path / "first-out"
    model = load_model(str(exported))
    assert model.describe().name == "nano"
    model.close()
    again = built("second", 2, start=exported)
    first = load_file(exported / "ema.safetensors")["llm2vae.weight"]
    assert torch.equal(again["model.model.llm2vae.weight"], first.float())


@pytest.mark.slow
def test_a_cooldown_ends_by_itself(built: Build, recipe: Recipe, tmp_path: Path) -> None:
    built("cooled", 1)
    build_nano(recipe, tmp_path / "cooled-state", tmp_path / "o", until=99, seconds=600, cooldown=3)
    with safe_open(tmp_path / "cooled-state" / "network.safetensors", framework="pt") as file:
        assert file.metadata()["step"] == "4"


@pytest.mark.slow
def test_a_cut_cooldown_goes_on_to_its_end(recipe: Recipe, tmp_path: Path) -> None:
    state, out = tmp_path / "state", tmp_path / "out"
    build_nano(recipe, state, out, until=2, seconds=600, cooldown=4)
    drawn = (out / "ae.safetensors").read_bytes()
    build_nano(recipe, state, out, until=99, seconds=600, cooldown=4)
    assert done_steps(state / "network") == 4
    assert (out / "ae.safetensors").read_bytes() != drawn


def test_a_cooldown_is_remembered_until_its_end(tmp_path: Path) -> None:
    first = Cooldown.at(tmp_path, 10, 4)
    assert Cooldown.at(tmp_path, 12, 100) == first
    assert [first.share(step) for step in (10, 14)] == pytest.approx([1.0, 0.1])
    assert Cooldown.unfinished(tmp_path, 9) is None
    assert Cooldown.unfinished(tmp_path, 14) == first
    first.finish(tmp_path)
    assert Cooldown.unfinished(tmp_path, 14) is None
    assert Cooldown.at(tmp_path, 14, 2) == Cooldown(14, 16)


@pytest.mark.slow
def test_two_processes_train_one_network(recipe: Recipe, tmp_path: Path) -> None:
    state = tmp_path / "team-state"
    build_nano(recipe, state, tmp_path / "out", until=2, seconds=600, processes=2)
    with safe_open(state / "network.safetensors", framework="pt") as file:
        assert file.metadata()["step"] == "2"
    model = load_model(str(tmp_path / "out"))
    assert model.describe().name == "nano"
    model.close()


def test_nothing_is_pickled(built: Build, tmp_path: Path) -> None:
    built("files", 1)
    suffixes = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert suffixes == {".safetensors", ".json", ".csv"}


def test_processes_that_would_share_a_gpu_are_refused(recipe: Recipe, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with pytest.raises(DeviceError, match="2 processes cannot share a GPU"):
        build_nano(
            recipe, state, tmp_path / "out", until=2, seconds=600, processes=2, device="cuda"
        )
    assert not state.exists()
