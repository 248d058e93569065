"""A folder is compared with its configuration without reading weights."""

import json
import shutil
import sys
from math import prod
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from omnipersona.model.bagel.checkpoint.inspect import (
    check_folder,
    in_its_file,
    skeleton,
    survey,
    weight_shapes,
)
from omnipersona.model.bagel.checkpoint.loading import load_folder, load_with_report
from omnipersona.model.bagel.checkpoint.published import bagel_7b_mot
from omnipersona.model.bagel.config import ModelConfig
from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.model.errors import WeightsError

HEAD = "language_model.lm_head.weight"


@pytest.fixture
def folder(checkpoint: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "copy"
    shutil.copytree(checkpoint, copy)
    return copy


def _retype(folder: Path, dtype: torch.dtype, key: str = "") -> None:
    tensors = load_file(folder / "ema.safetensors")
    changed = {k: v.to(dtype) if key in ("", k) else v for k, v in tensors.items()}
    save_file(changed, folder / "ema.safetensors")


def test_the_report_counts_what_matched(folder: Path) -> None:
    model, report = load_with_report(folder)
    weights = list(model.state_dict().values())
    assert report.num_tensors == len(weights)
    assert report.num_parameters == sum(w.numel() for w in weights)
    assert report.num_bytes == 4 * report.num_parameters
    assert report.dtypes == {"F32": len(weights)}
    assert report.files.keys() == {"ema.safetensors", "ae.safetensors"}
    assert report == check_folder(folder)
    assert f"{len(weights)} tensors ({len(weights)} F32)" in str(report)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_every_type_of_file_is_loaded_as_any(folder: Path, dtype: torch.dtype) -> None:
    _retype(folder, dtype)
    expected = load_file(folder / "ema.safetensors")[HEAD]
    assert torch.equal(load_folder(folder).decoder.lm_head.weight, expected.float())
    loaded = load_folder(folder, dtype=torch.bfloat16)
    assert torch.equal(loaded.decoder.lm_head.weight, expected.bfloat16())


def test_a_type_that_is_not_read_is_named(folder: Path) -> None:
    _retype(folder, torch.float8_e4m3fn, HEAD)
    with pytest.raises(WeightsError, match=rf"'{HEAD}'.*F8_E4M3; F16, BF16, F32 are read"):
        check_folder(folder)


def test_a_missing_key_is_named_with_its_shape_and_file(folder: Path) -> None:
    tensors = load_file(folder / "ema.safetensors")
    del tensors[HEAD]
    save_file(tensors, folder / "ema.safetensors")
    with pytest.raises(WeightsError, match=rf"lacks 1 of .*'{HEAD}' of shape \(300, 32\).*ema"):
        check_folder(folder)


def test_an_unknown_key_is_named_with_its_shape(folder: Path) -> None:
    tensors = load_file(folder / "ae.safetensors") | {"quant_conv.weight": torch.ones(3, 2)}
    save_file(tensors, folder / "ae.safetensors")
    with pytest.raises(WeightsError, match=r"'quant_conv\.weight' of shape \(3, 2\).*Check"):
        check_folder(folder)


def test_a_configuration_of_another_model_is_told_by_the_first_shape(folder: Path) -> None:
    path = folder / "llm_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"intermediate_size": 64}))
    with pytest.raises(WeightsError, match=r"shape \(32, 48\); the JSON files ask for \(32, 64\)"):
        check_folder(folder)


def test_a_checked_folder_needs_its_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    survey(folder)
    with pytest.raises(WeightsError, match=r"tokenizer\.json is missing"):
        check_folder(folder)


def test_a_special_token_that_is_missing_is_named(folder: Path) -> None:
    path = folder / "tokenizer.json"
    path.write_text(path.read_text().replace("<|vision_end|>", "<|vision_stop|>"))
    with pytest.raises(WeightsError, match=r"<\|vision_end\|>"):
        check_folder(folder)


def test_a_tokenizer_of_a_bigger_model_is_refused(folder: Path) -> None:
    tensors = load_file(folder / "ema.safetensors")
    for key in (HEAD, "language_model.model.embed_tokens.weight"):
        tensors[key] = tensors[key][:200].clone()
    save_file(tensors, folder / "ema.safetensors")
    path = folder / "llm_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"vocab_size": 200}))
    with pytest.raises(WeightsError, match="290 ids, the model only 200"):
        check_folder(folder)


def _published_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Return every key of the published network and its shape, written out from the layout."""
    text, vision, width = config.text, config.vision, config.text.hidden_size
    inner, head, keys = text.intermediate_size, text.head_dim, text.num_key_value_heads
    shapes: dict[str, tuple[int, ...]] = {}

    def linear(name: str, out: int, into: int) -> None:
        shapes[f"{name}.weight"], shapes[f"{name}.bias"] = (out, into), (out,)

    for i in range(text.num_hidden_layers):
        layer = f"language_model.model.layers.{i}"
        for twin in ("", "_moe_gen"):
            attention = f"{layer}.self_attn"
            linear(f"{attention}.q_proj{twin}", width, width)
            linear(f"{attention}.k_proj{twin}", keys * head, width)
            linear(f"{attention}.v_proj{twin}", keys * head, width)
            shapes[f"{attention}.o_proj{twin}.weight"] = (width, width)
            shapes[f"{attention}.q_norm{twin}.weight"] = (head,)
            shapes[f"{attention}.k_norm{twin}.weight"] = (head,)
            shapes[f"{layer}.mlp{twin}.gate_proj.weight"] = (inner, width)
            shapes[f"{layer}.mlp{twin}.up_proj.weight"] = (inner, width)
            shapes[f"{layer}.mlp{twin}.down_proj.weight"] = (width, inner)
            shapes[f"{layer}.input_layernorm{twin}.weight"] = (width,)
            shapes[f"{layer}.post_attention_layernorm{twin}.weight"] = (width,)
    shapes["language_model.model.embed_tokens.weight"] = (text.vocab_size, width)
    shapes[HEAD] = (text.vocab_size, width)
    shapes["language_model.model.norm.weight"] = (width,)
    shapes["language_model.model.norm_moe_gen.weight"] = (width,)
    eyes, seen = "vit_model.vision_model", vision.hidden_size
    linear(f"{eyes}.embeddings.patch_embedding", seen, 3 * vision.patch_size**2)
    shapes[f"{eyes}.embeddings.position_embedding.weight"] = (4900, seen)
    for j in range(26):
        layer = f"{eyes}.encoder.layers.{j}"
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            linear(f"{layer}.self_attn.{name}", seen, seen)
        linear(f"{layer}.mlp.fc1", vision.intermediate_size, seen)
        linear(f"{layer}.mlp.fc2", seen, vision.intermediate_size)
        for name in ("layer_norm1", "layer_norm2"):
            shapes[f"{layer}.{name}.weight"] = shapes[f"{layer}.{name}.bias"] = (seen,)
    name = f"{eyes}.post_layernorm"
    shapes[f"{name}.weight"] = shapes[f"{name}.bias"] = (seen,)
    linear("connector.fc1", width, seen)
    linear("connector.fc2", width, width)
    linear("vae2llm", width, 64)
    linear("llm2vae", 64, width)
    linear("time_embedder.mlp.0", width, 256)
    linear("time_embedder.mlp.2", width, width)
    return shapes


def test_the_published_model_has_its_keys_and_shapes_and_takes_no_memory() -> None:
    config = bagel_7b_mot()
    model = skeleton(config)
    assert {p.device.type for p in model.parameters()} == {"meta"}
    shapes = {in_its_file(key): shape for key, shape in weight_shapes(model).items()}
    network = {key: shape for (key, file), shape in shapes.items() if file == "ema.safetensors"}
    assert network == _published_shapes(config)
    autoencoder = {key for key, file in shapes if file == "ae.safetensors"}
    assert {key.split(".")[0] for key in autoencoder} == {"encoder", "decoder"}
    assert shapes["decoder.up.0.block.0.nin_shortcut.weight", "ae.safetensors"] == (128, 256, 1, 1)
    total = sum(parameter.numel() for parameter in model.parameters())
    assert round(total / 1e9, 1) == 14.7
    experts = sum(p.numel() for p in model.decoder.layers.parameters())
    assert round(experts / 1e9, 1) == 13.1


def test_the_published_json_files_give_the_published_sizes(tmp_path: Path) -> None:
    llm = {"hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28}
    llm |= {"num_attention_heads": 28, "num_key_value_heads": 4, "vocab_size": 152064}
    more = {"rms_norm_eps": 1e-6, "rope_theta": 1e6, "hidden_act": "silu", "model_type": "qwen2"}
    vit = {"hidden_size": 1152, "image_size": 980, "intermediate_size": 4304, "patch_size": 14}
    vit_more = {"num_attention_heads": 16, "num_hidden_layers": 27}
    (tmp_path / "llm_config.json").write_text(json.dumps(llm | more))
    (tmp_path / "vit_config.json").write_text(json.dumps(vit | vit_more))
    assert ModelConfig.read(tmp_path) == bagel_7b_mot()
    (tmp_path / "config.json").write_text(
        json.dumps({"vae_config": {"z_channels": 16, "downsample": 8}, "max_latent_size": 64})
    )
    assert ModelConfig.read(tmp_path) == bagel_7b_mot()


def _write_hollow(path: Path, shapes: dict[str, tuple[int, ...]], kind: str, size: int) -> None:
    """Write a safetensors file whose tensors are one hole, which takes no room on the disk."""
    header, end = {}, 0
    for key, shape in shapes.items():
        start, end = end, end + prod(shape) * size
        header[key] = {"dtype": kind, "shape": list(shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + end)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs files with holes")
def test_a_checkpoint_of_the_published_size_is_checked_without_reading_it(
    tmp_path: Path, tokenizer: Tokenizer
) -> None:
    config = bagel_7b_mot()
    config.write(tmp_path)
    tokenizer.write(tmp_path)
    shapes = {in_its_file(key): shape for key, shape in weight_shapes(skeleton(config)).items()}
    for name, kind, size in (("ema.safetensors", "BF16", 2), ("ae.safetensors", "F32", 4)):
        own = {key: shape for (key, file), shape in shapes.items() if file == name}
        if size == 2:
            own["latent_pos_embed.pos_embed"] = (4096, 3584)
        _write_hollow(tmp_path / name, own, kind, size)
    report = check_folder(tmp_path)
    assert round(report.num_bytes / 1e9, 1) == 29.5
    assert report.num_parameters == 14_658_838_147
    assert report.recomputed == ("latent_pos_embed.pos_embed",)
