"""nano's own vocabulary."""

import pytest

from omnipersona.model.runtime import NANO_FOLDER
from omnipersona.model.text.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.read(NANO_FOLDER)
