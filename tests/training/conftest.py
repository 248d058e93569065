"""nano's own vocabulary."""

import pytest

from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.model.registry import NANO_FOLDER


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.read(NANO_FOLDER)
