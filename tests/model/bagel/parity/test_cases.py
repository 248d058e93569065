"""Every vector of the published architecture is met, at two sets of sizes."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from oracles.shards import split_in_two
from oracles.vectors_writer import write_vectors
from safetensors.torch import load_file, save_file

from omnipersona.model.bagel.checkpoint.loading import load_folder, save_folder
from omnipersona.model.bagel.parity.cases import CASES, compare
from omnipersona.model.bagel.parity.vectors import (
    Comparison,
    Precision,
    Vectors,
    absolute,
    relative,
    same,
)
from omnipersona.model.errors import WeightsError

OPEN = Path(__file__).parent / "open"
_TYPES: tuple[Precision, Precision] = ("float32", "bfloat16")


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


def test_files_written_back_and_shards_meet_every_vector(tmp_path: Path) -> None:
    written = tmp_path / "written"
    save_folder(load_folder(OPEN), written)
    for name in ("vectors.json", "vectors.safetensors"):
        shutil.copy(OPEN / name, written)
    for folder in (written, split_in_two(OPEN, tmp_path / "shards")):
        assert [one for one in compare(folder) if not one.ok] == []


def test_bfloat16_meets_every_vector_within_its_tolerance() -> None:
    found = list(compare(OPEN, "bfloat16"))
    assert len(found) > 100
    assert [one for one in found if not one.ok] == []


def test_the_tolerance_of_bfloat16_tells_weak_guidance_from_strong() -> None:
    v = Vectors.open(OPEN, "bfloat16")
    for wrong in ("t2i.final_nocfg", "t2i.final_img15"):
        assert not v.near("t2i.final", v.get(wrong)).ok


def test_a_coarse_type_may_choose_what_is_nearly_as_likely() -> None:
    logits = torch.tensor([[0.0, 4.0, 3.9], [5.0, 1.0, 0.0]])
    exact, coarse = (Vectors.open(OPEN, precision) for precision in _TYPES)
    ours, near, far = torch.tensor([1, 0]), torch.tensor([2, 0]), torch.tensor([1, 2])
    assert exact.chosen("x", ours, ours, logits).ok
    assert not exact.chosen("x", ours, near, logits).ok
    assert coarse.chosen("x", ours, near, logits).ok
    assert not coarse.chosen("x", ours, far, logits).ok


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
    for compared in (absolute, relative):
        assert not compared("x", nan, torch.ones(1), 1.0).ok
        assert not compared("x", torch.zeros(2), torch.ones(1), 1.0).ok
    assert not same("x", [1], [2]).ok
