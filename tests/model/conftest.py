"""Parts of the model's tests: `tiny()` with random weights, as objects and as a checkpoint."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from oracles.random_weights import random_model, small_tokenizer

from omnipersona.model.bagel.backbone import LocalPersonaModel, load_model
from omnipersona.model.bagel.checkpoint.loading import save_folder
from omnipersona.model.bagel.config import ModelConfig, tiny
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.pipeline import Pipeline
from omnipersona.model.bagel.tokenizer import Tokenizer


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    # Toy matrices cost more to share between threads than to multiply.
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def config() -> ModelConfig:
    return tiny()


@pytest.fixture
def net() -> OmniModel:
    """Return a tiny model of random weights; each test has its own."""
    return random_model(tiny())


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return small_tokenizer()


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory, tokenizer: Tokenizer) -> Path:
    """Return a tiny checkpoint folder; tests that damage it copy it first."""
    folder = tmp_path_factory.mktemp("tiny")
    save_folder(random_model(tiny()), folder)
    tokenizer.write(folder)
    return folder


@pytest.fixture
def model(checkpoint: Path) -> Iterator[LocalPersonaModel]:
    loaded = load_model(str(checkpoint), device="cpu")
    yield loaded
    loaded.close()


@pytest.fixture
def pipeline(net: OmniModel, tokenizer: Tokenizer, tmp_path: Path) -> Pipeline:
    return Pipeline(net, tokenizer, tmp_path)
