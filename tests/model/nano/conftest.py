"""nano's own vocabulary."""

from pathlib import Path

import pytest

import omnipersona.model.nano
from omnipersona.model.text.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.read(Path(omnipersona.model.nano.__file__).parent / "checkpoint")
