"""Every vector of the published architecture is met, at two sets of sizes."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from oracles.vectors_writer import write_vectors
from safetensors.torch import load_file, save_file

from omnipersona.model.errors import WeightsError
from omnipersona.model.parity.run import CASES, compare
from omnipersona.model.parity.vectors import Comparison, Vectors, near, same

OPEN = Path(__file__).parent / "open"


@pytest.fixture(scope="module")
def published() -> dict[str, Comparison]:
    return {one.name: one for one in compare(OPEN)}


@pytest.fixture(scope="module")
def odd_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("odd")
    write_vectors(folder)
    return folder


@pytest.fixture(scope="module")
def odd(odd_folder: Path) -> dict[str, Comparison]:
    return {one.name: one for one in compare(odd_folder)}


def _of_case(found: dict[str, Comparison], case: str) -> list[Comparison]:
    return [one for name, one in found.items() if name.startswith(f"{case}.")]


@pytest.mark.parametrize("case", CASES)
def test_every_published_vector_of_a_case_is_met(
    published: dict[str, Comparison], case: str
) -> None:
    of_case = _of_case(published, case)
    assert of_case
    assert [one for one in of_case if not one.ok] == []


def test_every_tensor_of_the_folder_is_an_input_or_compared(
    published: dict[str, Comparison],
) -> None:
    inputs = ("_ids", ".ids", "noise", "eps", "pixels", "_vae", "_vit", ".x_0", ".x_1", "embed_t")
    unused = [
        name
        for name in load_file(OPEN / "vectors.safetensors")
        if name not in published and not name.endswith(inputs)
    ]
    assert unused == []


@pytest.mark.parametrize("case", ["text", "t2i", "edit", "train", "train2"])
def test_a_plain_slow_model_of_other_sizes_agrees(odd: dict[str, Comparison], case: str) -> None:
    of_case = _of_case(odd, case)
    assert len(of_case) >= 2
    assert [one for one in of_case if not one.ok] == []


@pytest.mark.parametrize(
    ("file", "key", "case"),
    [
        ("ema", "language_model.model.layers.1.self_attn.k_norm_moe_gen.weight", "t2i.final"),
        ("ema", "language_model.model.layers.0.mlp.down_proj.weight", "text.logits"),
        ("ema", "vit_model.vision_model.post_layernorm.bias", "edit.cache_k_last_layer"),
        ("ae", "encoder.down.0.downsample.conv.weight", "train.mse_per_token_channel"),
    ],
)
def test_a_damaged_weight_fails(
    odd_folder: Path, tmp_path: Path, file: str, key: str, case: str
) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(odd_folder, folder)
    tensors = load_file(folder / f"{file}.safetensors")
    tensors[key] = tensors[key] + 0.05 * torch.randn(tensors[key].shape)
    save_file(tensors, folder / f"{file}.safetensors")
    broken = {one.name for one in compare(folder) if not one.ok}
    assert case in broken


def test_an_unknown_case_is_an_error(odd_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "unknown"
    shutil.copytree(odd_folder, folder)
    content = json.loads((folder / "vectors.json").read_text())
    content["cases"] = {"video": {}}
    (folder / "vectors.json").write_text(json.dumps(content))
    [only] = compare(folder)
    assert "video" in only.name
    assert not only.ok


@pytest.mark.parametrize("name", ["vectors.json", "vectors.safetensors"])
def test_a_folder_without_vectors_is_refused(odd_folder: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "bare"
    shutil.copytree(odd_folder, folder)
    (folder / name).unlink()
    with pytest.raises(WeightsError, match=r"vectors\.json"):
        Vectors.open(folder)


def test_a_number_that_is_none_never_passes() -> None:
    nan = torch.tensor([float("nan")])
    assert not near("x", nan, torch.zeros(1)).ok
    assert not near("x", torch.zeros(2), torch.zeros(1)).ok
    assert not same("x", [1], [2]).ok
