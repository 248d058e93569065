"""One safetensors file: what is written is read; what is damaged is named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from omnipersona.model.bagel.checkpoint import safetensors_reader
from omnipersona.model.bagel.checkpoint.safetensors_reader import read_header, read_tensor
from omnipersona.model.errors import WeightsError

TENSORS = {
    "wide": torch.randn(7, 11, generator=torch.Generator().manual_seed(0)),
    "half": torch.arange(6.0).half(),
    "brain": torch.arange(6.0).bfloat16().reshape(2, 3),
    "none": torch.empty(0, 4),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save_file(TENSORS, tmp_path / "one.safetensors", metadata={"format": "pt"})
    return tmp_path / "one.safetensors"


def _read(path: Path, dtype: torch.dtype) -> dict[str, Tensor]:
    with path.open("rb", buffering=0) as file:
        entries = read_header(path).values()
        return {e.key: read_tensor(file, e, device="cpu", dtype=dtype) for e in entries}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("piece", [2**25, 12])
def test_every_type_becomes_every_other(
    path: Path, dtype: torch.dtype, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(safetensors_reader, "_PIECE", piece)
    found = _read(path, dtype)
    assert found.keys() == TENSORS.keys()
    assert all(torch.equal(value, TENSORS[key].to(dtype)) for key, value in found.items())


def test_a_header_tells_types_and_shapes_in_the_order_of_the_file(path: Path) -> None:
    entries = list(read_header(path).values())
    assert {e.key: (e.type, e.shape) for e in entries}["brain"] == ("BF16", (2, 3))
    assert [e.start for e in entries] == sorted(e.start for e in entries)
    assert sum(e.num_bytes for e in entries) == 7 * 11 * 4 + 6 * 2 + 6 * 2


def _header(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + length :])


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header["wide"].update(shape=[7, 12]),
        lambda header: header["wide"].update(shape=[-7, -11]),
        lambda header: header["half"].update(data_offsets=[0, 12]),
        lambda header: header["half"].update(data_offsets="ab"),
        lambda header: header.pop("half"),
        lambda header: header["half"].pop("dtype"),
        lambda header: header.update(half=3),
    ],
)
def test_a_header_that_contradicts_itself_is_refused(
    path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    _header(path, change)
    with pytest.raises(WeightsError, match=r"one\.safetensors is no whole.*Fetch it again"):
        read_header(path)


def test_a_key_twice_in_one_header_is_named(path: Path) -> None:
    data = path.read_bytes().replace(b'"half"', b'"wide"')
    path.write_bytes(data)
    with pytest.raises(WeightsError, match="'wide' twice"):
        read_header(path)


@pytest.mark.parametrize("content", [b"", b"\x00" * 7, b"\xff" * 64, b"\x02" + b"\x00" * 7 + b"[]"])
def test_what_is_no_safetensors_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.safetensors").write_bytes(content)
    with pytest.raises(WeightsError, match=r"bad\.safetensors"):
        read_header(tmp_path / "bad.safetensors")


@pytest.mark.parametrize("change", [-1, 1])
def test_a_file_of_another_length_is_refused_with_both_lengths(path: Path, change: int) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:change] if change < 0 else data + b"\x00")
    with pytest.raises(WeightsError, match=rf"has {len(data) + change} bytes.*need {len(data)}"):
        read_header(path)


def test_a_file_that_shrinks_while_it_is_read_is_named(path: Path) -> None:
    entries = read_header(path)
    path.write_bytes(path.read_bytes()[:-4])
    last = max(entries.values(), key=lambda e: e.start + e.num_bytes)
    with path.open("rb", buffering=0) as file, pytest.raises(WeightsError, match=last.key):
        read_tensor(file, last, device="cpu", dtype=torch.float32)
