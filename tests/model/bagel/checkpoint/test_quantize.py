"""Shrunk weights compute nearly the same, take less, stay frozen, and let gradients through."""

import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from oracles.random_weights import random_model, small_tokenizer
from torch import Tensor

from omnipersona.model.bagel.checkpoint.loading import fingerprint, load_folder, save_folder
from omnipersona.model.bagel.checkpoint.quantize import is_expert_matrix
from omnipersona.model.bagel.config import ModelConfig, tiny
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.parity.cases import compare
from omnipersona.model.bagel.parity.vectors import Precision
from omnipersona.model.bagel.sequence import Markers, Sample, SoftRow, TextSegment, pack
from omnipersona.model.bagel.velocity_batch import Context
from omnipersona.model.contract import Weights
from omnipersona.model.errors import WeightsError

# The libraries' own warnings on import; whether they are there is asked without importing them.
pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(
        not all(map(find_spec, ("torchao", "bitsandbytes"))), reason="run by `make test-gpu`"
    ),
]

MARKERS = Markers(start_of_image=1, end_of_image=2)
WIDTH = 128
VECTORS = Path(__file__).parents[1] / "parity" / "open"
# Relative error of the last rows of two layers with random weights.
TOLERANCES: dict[Weights, float] = {"int8": 0.03, "float8": 0.12, "nf4": 0.4}


def _sizes() -> ModelConfig:
    """Return sizes that the libraries' kernels take."""
    small = tiny()
    return replace(small, text=replace(small.text, hidden_size=WIDTH, intermediate_size=2 * WIDTH))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shrunk")
    save_folder(random_model(_sizes()), folder)
    small_tokenizer().write(folder)
    return folder


@torch.no_grad()
def _rows(net: OmniModel) -> Tensor:
    return Context(net, MARKERS).add(TextSegment(ids=list(range(3, 40)))).und_UD.float()


@pytest.mark.parametrize("kind", TOLERANCES)
def test_the_error_is_as_stated_and_everything_else_is_as_it_was(
    folder: Path, kind: Weights
) -> None:
    exact, net = load_folder(folder), load_folder(folder, weights=kind)
    error = float((_rows(net) - _rows(exact)).norm() / _rows(exact).norm())
    assert 0.0 < error < TOLERANCES[kind]
    shrunk = net.state_dict()
    for name, value in exact.state_dict().items():
        if not is_expert_matrix(name):
            assert torch.equal(shrunk[name], value), name


@pytest.mark.parametrize("kind", TOLERANCES)
def test_tokens_learn_through_frozen_shrunk_weights(folder: Path, kind: Weights) -> None:
    net = load_folder(folder, weights=kind)
    before = fingerprint(net)
    assert before != fingerprint(load_folder(folder))
    soft = torch.randn(1, WIDTH, generator=torch.Generator().manual_seed(0)).requires_grad_()
    said = TextSegment(ids=[0, 5, 6, 1], soft=(SoftRow(at=1, index=0),), has_loss=True)
    net(pack([Sample(segments=(said,))], MARKERS), soft).ce.sum().backward()
    assert soft.grad is not None
    assert float(soft.grad.norm()) > 0.0
    assert all(p.grad is None for name, p in net.named_parameters() if is_expert_matrix(name))
    assert fingerprint(net) == before


@pytest.mark.parametrize("kind", TOLERANCES)
def test_the_published_vectors_are_met_within_the_stated_tolerance(kind: Precision) -> None:
    found = list(compare(VECTORS, kind))
    assert len(found) > 100
    assert [one for one in found if not one.ok] == []


def test_a_missing_library_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    libraries: dict[Weights, str] = {"nf4": "bitsandbytes", "int8": "torchao.quantization"}
    for kind, module in libraries.items():
        monkeypatch.setitem(sys.modules, module, None)
        package = module.partition(".")[0]
        with pytest.raises(WeightsError, match=rf"{package}.*omnipersona\[gpu\]"):
            load_folder(folder, weights=kind)
