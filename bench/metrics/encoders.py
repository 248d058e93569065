"""Networks that turn pictures and texts into unit vectors: CLIP and DINOv2, from transformers.

Weights are read from a folder on disk; nothing is downloaded. Any object with `images` is an
encoder, so another network needs no change here. Does not know what is compared.
"""

# N pictures or texts, D width of the embedding.

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor
from transformers import AutoTokenizer, CLIPModel, Dinov2Model

from omnipersona.bench.metrics.errors import MetricError
from omnipersona.bench.metrics.pixels import Preprocess, clip_pixels, dino_pixels

T = TypeVar("T")
Rows = npt.NDArray[np.float32]

CLIP_NAME: Final = "openai/clip-vit-base-patch32"
DINO_NAME: Final = "facebook/dinov2-base"
_BATCH: Final = 16


class Encoder(Protocol):
    """Embeds pictures."""

    def images(self, pictures: Sequence[Image.Image]) -> Rows:
        """Return one unit vector per picture (N, D)."""


class TextEncoder(Encoder, Protocol):
    """Embeds pictures and texts in one space."""

    def texts(self, texts: Sequence[str]) -> Rows:
        """Return one unit vector per text (N, D)."""


class ClipEncoder:
    """CLIP: pictures and texts in one space."""

    def __init__(
        self, model: CLIPModel, tokenizer: Any, preprocess: Preprocess = "correct"
    ) -> None:
        self._model = _in_use(model)
        self._tokenizer = tokenizer
        self._preprocess: Preprocess = preprocess
        self._side: int = self._model.config.vision_config.image_size

    @classmethod
    def load(cls, folder: Path, *, device: str = "cpu", preprocess: Preprocess = "correct") -> Self:
        """Read CLIP from a folder; the paper's is ViT-B/32.

        Raises: MetricError: the folder lacks a file.
        """
        _check(folder, CLIP_NAME, "config.json", "tokenizer_config.json")
        model: Any = CLIPModel.from_pretrained(folder, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        return cls(model.to(torch.device(device)), tokenizer, preprocess)

    def images(self, pictures: Sequence[Image.Image]) -> Rows:
        """Return one unit vector per picture (N, D)."""
        return _embedded(self._images, pictures)

    def texts(self, texts: Sequence[str]) -> Rows:
        """Return one unit vector per text (N, D); what is longer than CLIP reads is cut."""
        return _embedded(self._texts, texts)

    def _images(self, pictures: Sequence[Image.Image]) -> Tensor:
        pixels = clip_pixels(pictures, self._side, self._preprocess)
        vision = self._model.vision_model(pixel_values=pixels.to(self._model.device))
        rows_ND: Tensor = self._model.visual_projection(vision.pooler_output)
        return rows_ND

    def _texts(self, texts: Sequence[str]) -> Tensor:
        words = self._tokenizer(
            list(texts),
            padding=True,
            truncation=True,
            max_length=self._model.config.text_config.max_position_embeddings,
            return_tensors="pt",
        ).to(self._model.device)
        read = self._model.text_model(
            input_ids=words["input_ids"], attention_mask=words["attention_mask"]
        )
        rows_ND: Tensor = self._model.text_projection(read.pooler_output)
        return rows_ND


class DinoEncoder:
    """DINOv2: pictures alone, by the class token after the last norm."""

    def __init__(self, model: Dinov2Model, side: int = 224) -> None:
        self._model = _in_use(model)
        self._side = side

    @classmethod
    def load(cls, folder: Path, *, device: str = "cpu") -> Self:
        """Read DINOv2 from a folder.

        Raises: MetricError: the folder lacks a file.
        """
        _check(folder, DINO_NAME, "config.json")
        model: Any = Dinov2Model.from_pretrained(folder, local_files_only=True)
        return cls(model.to(torch.device(device)))

    def images(self, pictures: Sequence[Image.Image]) -> Rows:
        """Return one unit vector per picture (N, D)."""
        return _embedded(self._images, pictures)

    def _images(self, pictures: Sequence[Image.Image]) -> Tensor:
        pixels = dino_pixels(pictures, self._side)
        rows_ND: Tensor = self._model(pixel_values=pixels.to(self._model.device)).pooler_output
        return rows_ND


def _in_use(model: torch.nn.Module) -> Any:
    """Return a model without dropout; untyped, since transformers' calls and settings are."""
    return model.eval()


def _embedded(embed: Callable[[Sequence[T]], Tensor], items: Sequence[T]) -> Rows:
    if not items:
        raise ValueError("Nothing was given to embed; give one picture or text at least.")
    parts = []
    with torch.inference_mode():
        for start in range(0, len(items), _BATCH):
            rows_ND = embed(items[start : start + _BATCH]).float()
            parts.append(torch.nn.functional.normalize(rows_ND, dim=-1).cpu().numpy())
    return np.concatenate(parts)


def _check(folder: Path, name: str, *files: str) -> None:
    missing = [file for file in files if not (folder / file).is_file()]
    if not any(folder.glob("*.safetensors")) and not any(folder.glob("*.bin")):
        missing.append("model.safetensors")
    if missing:
        raise MetricError(
            f"{folder} lacks {', '.join(missing)}. Get the encoder once with "
            f"`hf download {name} --local-dir {folder}`."
        )
