"""nano's own vocabulary."""

import pytest

from omnipersona.model.bagel.backbone import NANO_FOLDER
from omnipersona.model.bagel.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.read(NANO_FOLDER)
