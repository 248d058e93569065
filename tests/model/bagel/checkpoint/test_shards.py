"""Shards and their index hold what one file holds; what does not fit together is named."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from oracles.shards import FIRST, INDEX, SECOND, split_in_two, write_index
from safetensors.torch import load_file, save_file
from torch import Tensor

from omnipersona.model.bagel.checkpoint.loading import fingerprint, load_folder
from omnipersona.model.bagel.checkpoint.shards import network_tensors
from omnipersona.model.errors import WeightsError

KEY = "language_model.lm_head.weight"


@pytest.fixture
def shards(checkpoint: Path, tmp_path: Path) -> Path:
    return split_in_two(checkpoint, tmp_path / "shards")


def _index(folder: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((folder / INDEX).read_text())["weight_map"]
    return found


def _change(path: Path, change: Callable[[dict[str, Tensor]], object]) -> None:
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)


def test_shards_hold_what_one_file_holds(shards: Path, checkpoint: Path) -> None:
    assert fingerprint(load_folder(shards)) == fingerprint(load_folder(checkpoint))


def test_an_index_of_another_name_is_found(shards: Path, checkpoint: Path) -> None:
    (shards / INDEX).rename(shards / "bagel.safetensors.index.json")
    assert network_tensors(shards).keys() == network_tensors(checkpoint).keys()


def test_two_indices_are_refused_where_neither_has_a_usual_name(shards: Path) -> None:
    shutil.copy(shards / INDEX, shards / "a.safetensors.index.json")
    (shards / INDEX).rename(shards / "b.safetensors.index.json")
    with pytest.raises(WeightsError, match=r"a\.safetensors\.index\.json, b\.safetensors"):
        network_tensors(shards)


def test_the_single_file_needs_no_index(shards: Path, checkpoint: Path) -> None:
    shutil.copy(checkpoint / "ema.safetensors", shards)
    write_index(shards, {KEY: "elsewhere.safetensors"})
    assert {one.path.name for one in network_tensors(shards).values()} == {"ema.safetensors"}


def test_the_autoencoders_tensors_may_stand_in_the_index(shards: Path) -> None:
    write_index(shards, _index(shards) | {"encoder.conv_in.weight": "ae.safetensors"})
    assert KEY in network_tensors(shards)


def test_a_missing_shard_is_named_with_what_it_holds(shards: Path) -> None:
    count = sum(name == SECOND for name in _index(shards).values())
    (shards / SECOND).unlink()
    with pytest.raises(WeightsError, match=rf"{SECOND} is missing.*{count} of .*Fetch"):
        load_folder(shards)


def test_a_truncated_shard_is_named(shards: Path) -> None:
    data = (shards / SECOND).read_bytes()
    (shards / SECOND).write_bytes(data[:-8])
    with pytest.raises(WeightsError, match=rf"{SECOND} is no whole.*{len(data) - 8} bytes"):
        load_folder(shards)


def test_a_key_in_two_shards_is_named_with_both(shards: Path) -> None:
    key, name = next(iter(_index(shards).items()))
    other = SECOND if name == FIRST else FIRST
    _change(shards / other, lambda tensors: tensors.update({key: torch.ones(1)}))
    with pytest.raises(WeightsError, match=rf"'{key}' lies in two shards, {FIRST} and {SECOND}"):
        load_folder(shards)


def test_an_index_that_names_the_wrong_shard_is_refused(shards: Path) -> None:
    told = _index(shards)
    other = SECOND if told[KEY] == FIRST else FIRST
    write_index(shards, told | {KEY: other})
    with pytest.raises(WeightsError, match=rf"'{KEY}' lies in {other}, but it lies in {told[KEY]}"):
        load_folder(shards)


def test_an_index_that_names_a_key_of_no_shard_is_refused(shards: Path) -> None:
    write_index(shards, _index(shards) | {"language_model.ghost": FIRST})
    with pytest.raises(WeightsError, match=r"'language_model\.ghost'.*no shard"):
        load_folder(shards)


def test_an_index_that_forgets_a_key_is_refused(shards: Path) -> None:
    told = _index(shards)
    told.pop(KEY)
    write_index(shards, told)
    with pytest.raises(WeightsError, match=rf"'{KEY}', which {INDEX} does not name"):
        load_folder(shards)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"weight_map": {}}', '{"weight_map": 3}'])
def test_what_is_no_index_is_refused(shards: Path, content: str) -> None:
    (shards / INDEX).write_text(content)
    with pytest.raises(WeightsError, match=rf"{INDEX}.*Fetch the file again"):
        load_folder(shards)


@pytest.mark.parametrize(
    "name", ["../outside.safetensors", "/etc/one.safetensors", "pytorch_model.bin"]
)
def test_an_index_leads_to_safetensors_of_its_own_folder_alone(shards: Path, name: str) -> None:
    write_index(shards, {KEY: name})
    with pytest.raises(WeightsError, match="only safetensors files of its own folder"):
        load_folder(shards)


def test_a_pickle_is_refused_unread(shards: Path) -> None:
    (shards / INDEX).unlink()
    (shards / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    with pytest.raises(WeightsError, match=r"pytorch_model\.bin.*never opened"):
        load_folder(shards)
