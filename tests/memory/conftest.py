"""Parts for the memory's tests: a small deterministic encoder and a memory on a fresh folder."""

import hashlib
import io
import math
import re
from collections.abc import Callable, Iterator

import pytest
from PIL import Image
from servers import TestPlaces

from omnipersona.memory.encoder import Encoder
from omnipersona.memory.memory import Memory

MakePng = Callable[..., bytes]


class WordEncoder:
    """Counts words in 16 buckets, so sentences that share words lie near each other."""

    name = "words-16"

    def encode(self, sentences: list[str]) -> list[list[float]]:
        return [self._one(sentence) for sentence in sentences]

    def _one(self, sentence: str) -> list[float]:
        counts = [0.0] * 16
        for word in re.findall(r"\w+", sentence.casefold()) or ["nothing"]:
            counts[hashlib.sha256(word.encode()).digest()[0] % 16] += 1.0
        length = math.hypot(*counts)
        return [count / length for count in counts]


@pytest.fixture
def encoder() -> Encoder:
    return WordEncoder()


@pytest.fixture
def memory(places: TestPlaces, encoder: Encoder) -> Iterator[Memory]:
    opened = Memory.open(places.folder, encoder, **places.urls)
    yield opened
    opened.close()


@pytest.fixture
def make_png() -> MakePng:
    def make(width: int = 16, height: int = 16, colour: str = "red") -> bytes:
        buffer = io.BytesIO()
        Image.new("RGB", (width, height), colour).save(buffer, "PNG")
        return buffer.getvalue()

    return make
