"""Checkpoint folders: what is written comes back; what does not fit is named."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from oracles.random_weights import random_model
from safetensors.torch import load_file, save_file
from torch import Tensor

from omnipersona.model.bagel.checkpoint.loading import fingerprint, load_folder, save_folder
from omnipersona.model.bagel.config import ModelConfig, tiny
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.errors import WeightsError

Q_PROJ = "language_model.model.layers.1.self_attn.q_proj_moe_gen.weight"
PATCHES = "vit_model.vision_model.embeddings.patch_embedding.weight"
CONV = "encoder.conv_in.weight"


@pytest.fixture
def folder(checkpoint: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "copy"
    shutil.copytree(checkpoint, copy)
    return copy


def _change(folder: Path, name: str, change: Callable[[dict[str, Tensor]], object]) -> None:
    tensors = load_file(folder / name)
    change(tensors)
    save_file(tensors, folder / name)


def test_a_model_survives_its_folder_bit_by_bit(net: OmniModel, tmp_path: Path) -> None:
    save_folder(net, tmp_path)
    again = load_folder(tmp_path)
    assert again.config == net.config
    saved = net.state_dict()
    assert saved.keys() == again.state_dict().keys()
    assert all(torch.equal(value, saved[key]) for key, value in again.state_dict().items())
    assert fingerprint(again) == fingerprint(net)
    assert not list(tmp_path.glob("*.partial"))


def test_the_autoencoder_stays_float32_in_a_small_type(folder: Path) -> None:
    loaded = load_folder(folder, dtype=torch.bfloat16)
    assert loaded.llm2vae.weight.dtype == torch.bfloat16
    assert loaded.latent_positions.dtype == torch.bfloat16
    assert {p.dtype for p in loaded.autoencoder.parameters()} == {torch.float32}


@pytest.mark.parametrize(("name", "key"), [("ema", Q_PROJ), ("ae", CONV)])
def test_a_missing_key_is_named(folder: Path, name: str, key: str) -> None:
    _change(folder, f"{name}.safetensors", lambda tensors: tensors.pop(key))
    with pytest.raises(WeightsError, match=key):
        load_folder(folder)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("ema", "language_model.model.layers.0.self_attn.q_proj_lora.weight"),
        ("ema", "language_model.model.layers.9.input_layernorm.weight"),
        ("ema", "vit_model.vision_model.head.probe"),
        ("ema", "vit_model.vision_model.embeddings.layers.0.mlp.fc1.weight"),
        ("ae", "quant_conv.weight"),
    ],
)
def test_an_extra_key_is_named(folder: Path, name: str, key: str) -> None:
    _change(folder, f"{name}.safetensors", lambda tensors: tensors.update({key: torch.ones(2)}))
    with pytest.raises(WeightsError, match=key):
        load_folder(folder)


def test_a_wrong_shape_is_named_with_both_shapes(folder: Path) -> None:
    _change(folder, "ema.safetensors", lambda t: t.update({Q_PROJ: torch.ones(32, 31)}))
    with pytest.raises(WeightsError, match=rf"{Q_PROJ}.*\(32, 31\).*\(32, 32\)"):
        load_folder(folder)


@pytest.mark.parametrize(
    "name", ["ema.safetensors", "ae.safetensors", "llm_config.json", "vit_config.json"]
)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(WeightsError, match=name):
        load_folder(folder)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="nowhere"):
        load_folder(tmp_path / "nowhere")


@pytest.mark.parametrize("kept", [0, 4, 100, -1])
def test_a_truncated_file_is_named(folder: Path, kept: int) -> None:
    path = folder / "ema.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(WeightsError, match=r"ema\.safetensors"):
        load_folder(folder)


def test_a_patch_weight_of_a_convolution_is_accepted(folder: Path) -> None:
    expected = load_folder(folder).vision.patch_embedding.weight

    def as_convolution(tensors: dict[str, Tensor]) -> None:
        flat = tensors[PATCHES]
        tensors[PATCHES] = flat.unflatten(1, (8, 8, 3)).permute(0, 3, 1, 2).contiguous()

    _change(folder, "ema.safetensors", as_convolution)
    assert torch.equal(load_folder(folder).vision.patch_embedding.weight, expected)


def test_frozen_tables_may_be_there_and_are_recomputed(folder: Path) -> None:
    tables = {"vit_pos_embed.pos_embed": torch.ones(16, 32)}
    tables["latent_pos_embed.pos_embed"] = torch.ones(4, 32)
    _change(folder, "ema.safetensors", lambda tensors: tensors.update(tables))
    loaded = load_folder(folder)
    assert torch.equal(loaded.vit_positions, OmniModel(tiny()).vit_positions)
    assert loaded.latent_positions.shape == (16, 32)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("llm_config.json", "{"),
        ("llm_config.json", "[]"),
        ("vit_config.json", "{}"),
        ("llm_config.json", '{"vocab_size": 8}'),
        ("config.json", '{"vae_config": {"chs": 3}}'),
        ("config.json", '{"omnipersona": {"sampling": {"num_stepz": 3}}}'),
    ],
)
def test_a_damaged_configuration_is_refused(folder: Path, name: str, content: str) -> None:
    (folder / name).write_text(content)
    with pytest.raises(WeightsError, match=r"config"):
        load_folder(folder)


def test_a_folder_without_our_keys_takes_the_published_constants(folder: Path) -> None:
    (folder / "config.json").unlink()
    read = ModelConfig.read(folder)
    assert (read.max_latent_size, read.vit_max_num_patch_per_side) == (64, 70)
    assert (read.autoencoder.ch, read.autoencoder.z_channels) == (128, 16)
    assert read.sampling.num_steps == 49


def test_heads_that_do_not_divide_the_width_are_refused(folder: Path) -> None:
    path = folder / "llm_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"num_attention_heads": 5}))
    with pytest.raises(WeightsError, match="not divisible"):
        load_folder(folder)


def test_the_fingerprint_follows_the_weights_concepts_depend_on(net: OmniModel) -> None:
    assert fingerprint(net) == fingerprint(random_model(tiny()))
    before = fingerprint(net)
    with torch.no_grad():
        next(net.autoencoder.parameters()).add_(1.0)
    assert fingerprint(net) == before
    with torch.no_grad():
        net.decoder.und_norm.weight.add_(1.0)
    assert fingerprint(net) != before
