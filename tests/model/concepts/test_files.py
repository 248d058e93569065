"""Concept files: round trip, and every damaged or foreign one refused unopened by pickle."""

import json
import pickle
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles.random_weights import noise
from safetensors.torch import save
from torch import Tensor

from omnipersona.model.concepts.file_format import ConceptCard, read_card
from omnipersona.model.concepts.files import read_concept, write_concept
from omnipersona.model.concepts.tokens import ConceptTokens
from omnipersona.model.contract import ConceptFile, Routing
from omnipersona.model.errors import ConceptError

CARD = ConceptCard(name="mochi", kind="dog", fingerprint="base-1")
METADATA = {"format": "omnipersona-concept-1", "name": "mochi", "fingerprint": "base-1"}


def _file(data: bytes) -> ConceptFile:
    return ConceptFile.of(data)


def _parts() -> dict[str, Tensor]:
    return {"sks": noise(1, 1, 32), "und": noise(2, 16, 32), "gen": noise(3, 16, 32)}


def _saved(parts: dict[str, Tensor], **metadata: str) -> ConceptFile:
    return _file(save(parts, metadata=METADATA | metadata))


def _tokens(routing: Routing = "decoupled") -> ConceptTokens:
    parts = _parts()
    return ConceptTokens(parts["sks"], parts["und"], parts["gen"], routing)


def _good(routing: Routing = "decoupled") -> ConceptFile:
    return write_concept(_tokens(routing), CARD)


class _Payload:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.write_text, (self.target, "code ran"))


@pytest.mark.parametrize("routing", ["decoupled", "unified"])
def test_a_concept_survives_its_file(routing: Routing) -> None:
    file = _good(routing)
    read = read_concept(file, 32, "base-1")
    assert read.routing == routing
    for name, value in _parts().items():
        assert torch.equal(getattr(read, name), value.half().float())
    assert read_card(file) == replace(CARD, routing=routing)
    again = read_concept(write_concept(read, CARD), 32, "base-1")
    assert torch.equal(again.table(), read.table())


def test_a_concept_without_kind_has_none() -> None:
    card = ConceptCard(name="x", kind=None, fingerprint="base-1", routing="decoupled")
    assert read_card(write_concept(_tokens(), card)) == card


def test_a_foreign_fingerprint_is_refused_with_both() -> None:
    with pytest.raises(ConceptError, match=r"'mochi'.*base-1.*base-2.*Learn it again"):
        read_concept(_good(), 32, "base-2")


def test_a_foreign_width_is_refused_with_both() -> None:
    with pytest.raises(ConceptError, match=r"\(\d+, 32\).*\(n, 64\)"):
        read_concept(_good(), 64, "base-1")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("part", ["sks", "und", "gen"])
def test_numbers_that_are_none_are_refused(part: str, value: float) -> None:
    parts = _parts()
    parts[part][0, 3] = value
    with pytest.raises(ConceptError, match=f"'{part}' holds numbers that are not finite"):
        read_concept(_saved(parts), 32, "base-1")


@pytest.mark.parametrize(
    "change",
    [
        {"und": torch.ones(16, 31)},
        {"und": torch.ones(16)},
        {"gen": torch.ones(1, 16, 32)},
        {"und": torch.ones(0, 32)},
        {"und": torch.ones(257, 32)},
        {"sks": torch.ones(2, 32)},
        {"sks": torch.ones(1, 32, dtype=torch.int32)},
        {"sks": torch.ones(1, 32, dtype=torch.bool)},
        {"gen": torch.ones(16, 32, dtype=torch.float64)},
        {"extra": torch.ones(1, 32)},
    ],
    ids=lambda change: "-".join(f"{k}-{tuple(v.shape)}-{v.dtype}" for k, v in change.items()),
)
def test_wrong_tensors_are_refused(change: dict[str, Tensor]) -> None:
    with pytest.raises(ConceptError, match="mochi"):
        read_concept(_saved(_parts() | change), 32, "base-1")


def test_an_identifier_for_drawing_survives_its_file() -> None:
    parts = _parts()
    tokens = ConceptTokens(parts["sks"], parts["und"], parts["gen"], "apart", noise(4, 1, 32))
    read = read_concept(write_concept(tokens, CARD), 32, "base-1")
    assert read.gen_sks is not None
    assert read.gen_sks.equal(noise(4, 1, 32).half().float())
    with pytest.raises(ConceptError, match="'gen_sks' has 2 rows"):
        read_concept(_saved(parts | {"gen_sks": noise(4, 2, 32)}), 32, "base-1")


@pytest.mark.parametrize("part", ["sks", "und", "gen"])
def test_a_missing_tensor_is_refused(part: str) -> None:
    parts = _parts()
    del parts[part]
    with pytest.raises(ConceptError, match="instead of gen, sks and und"):
        read_concept(_saved(parts), 32, "base-1")


@pytest.mark.parametrize("cut", [0, 1, 7, 8, 9, 100, 600, -1])
def test_a_truncated_file_is_refused(cut: int) -> None:
    with pytest.raises(ConceptError, match="safetensors"):
        read_concept(_file(_good().whole[:cut]), 32, "base-1")


@pytest.mark.parametrize("length", [2**63, 2**64 - 1, 2**40, 0])
def test_an_impossible_header_length_is_refused(length: int) -> None:
    data = struct.pack("<Q", length) + _good().whole[8:]
    with pytest.raises(ConceptError, match="safetensors"):
        read_concept(_file(data), 32, "base-1")


def test_offsets_beyond_the_file_are_refused() -> None:
    header = {"sks": {"dtype": "F16", "shape": [1, 32], "data_offsets": [0, 2**40]}}
    body = json.dumps(header).encode()
    with pytest.raises(ConceptError, match="safetensors"):
        read_concept(_file(struct.pack("<Q", len(body)) + body), 32, "base-1")


@given(data=st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(ConceptError, match=r"\."):
        read_concept(_file(data), 32, "base-1")


def test_a_safetensors_file_of_something_else_is_refused() -> None:
    with pytest.raises(ConceptError, match="format is 'none'"):
        read_concept(_file(save(_parts())), 32, "base-1")


def test_bytes_that_do_not_match_their_checksum_are_refused() -> None:
    file = ConceptFile(data=_good().whole, sha256="0" * 64)
    with pytest.raises(ConceptError, match="checksum"):
        read_concept(file, 32, "base-1")


def test_a_huge_file_is_refused_before_it_is_read() -> None:
    with pytest.raises(ConceptError, match="at most"):
        read_concept(ConceptFile(data=b"\0" * (16 * 2**20 + 1), sha256=""), 32, "base-1")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickled_bytes_run_no_code(tmp_path: Path, protocol: int) -> None:
    target = tmp_path / "written"
    payload = pickle.dumps(_Payload(target), protocol=protocol)
    for read in (lambda f: read_concept(f, 32, "base-1"), read_card):
        with pytest.raises(ConceptError, match="Only safetensors is read"):
            read(_file(payload))
    assert not target.exists()


def test_a_torch_file_runs_no_code(tmp_path: Path) -> None:
    target, path = tmp_path / "written", tmp_path / "concept.pt"
    torch.save({"sks": _Payload(target)}, path)
    with pytest.raises(ConceptError, match="Only safetensors is read"):
        read_concept(_file(path.read_bytes()), 32, "base-1")
    assert not target.exists()
