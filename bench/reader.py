"""The judge of pictures: a small network that reads traits off pixels, independent of nano.

Trained on renders alone (`train_reader`), with the softness of a decoder as augmentation; shares no
weights and no class with nano. Knows traits. Does not know captions, edits or models.

Share read right on 1500 held-out renders of one figure, committed weights: place, count, object and
its colour 1.000, pose .999, colour .998, accessory and its colour .993, species .990, pattern and
its colour .986; of two figures .98 to 1; characters told from look-alikes .79. Every run measures
it again; what a row says of a drawing or an edit cannot be more certain than the reader is.
"""

# B pictures, C channels, P places of the 8 x 8 grid, A traits, E numbers of an identity

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from omnipersona.bench.traits import FIGURE_TRAITS, TRAITS, traits_of_figure
from omnipersona.model.bagel.images import to_pixels
from omnipersona.training.world.scene import MAX_FIGURES

SIDE: Final = 64
WEIGHTS: Final = Path(__file__).with_name("reader.safetensors")

_GRID: Final = SIDE // 8
_WIDTH: Final = 128
POOLED: Final = 160
_IDENTITY: Final = 64
_BATCH: Final = 64
_OF_FIRST: Final = [list(TRAITS).index(trait) for trait in traits_of_figure(0)]


class _Conv(nn.Sequential):
    """A 3 x 3 convolution with its normalisation."""

    def __init__(self, before: int, after: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(after),
        )


class _Residual(nn.Module):
    """A convolution beside the way through."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = _Conv(channels, channels)

    def forward(self, x_BCYX: Tensor) -> Tensor:
        """Map (B, C, Y, X) to the same shape."""
        changed: Tensor = self.conv(x_BCYX)
        return torch.relu(x_BCYX + changed)


class _Overview(nn.Module):
    """Tell every place what the whole picture holds."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mix = nn.Linear(channels, channels)

    def forward(self, x_BCYX: Tensor) -> Tensor:
        """Map (B, C, Y, X) to the same shape."""
        overview: Tensor = self.mix(x_BCYX.mean((2, 3)))
        return x_BCYX + overview[:, :, None, None]


class Reader(nn.Module):
    """Reads every trait of `TRAITS` off pictures of 64 x 64 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.PixelUnshuffle(2),
            _Conv(12, 24),
            nn.ReLU(),
            _Residual(24),
            _Conv(24, 64, stride=2),
            nn.ReLU(),
            _Residual(64),
            _Conv(64, _WIDTH, stride=2),
            nn.ReLU(),
            _Residual(_WIDTH),
            _Overview(_WIDTH),
            _Residual(_WIDTH),
            nn.Conv2d(_WIDTH, POOLED, 1),
            nn.ReLU(),
        )
        self.look = nn.Conv2d(POOLED, len(TRAITS), 1)
        self.bias = nn.Parameter(torch.zeros(len(TRAITS), _GRID * _GRID))
        self.heads = nn.ModuleList(nn.Linear(POOLED, len(words)) for words in TRAITS.values())
        self.identity = nn.Linear(len(FIGURE_TRAITS) * POOLED, _IDENTITY)

    def forward(self, pixels_BCYX: Tensor) -> dict[str, Tensor]:
        """Return the logits (B, words) of every trait for pixels (B, 3, 64, 64) in [-1, 1]."""
        return self.named(self.features(pixels_BCYX))

    def named(self, hidden_BCYX: Tensor) -> dict[str, Tensor]:
        """Return the logits (B, words) of every trait for features (B, POOLED, 8, 8)."""
        pooled_BAC = self._pooled(hidden_BCYX)
        return {
            trait: head(pooled_BAC[:, i])
            for i, (trait, head) in enumerate(zip(TRAITS, self.heads, strict=True))
        }

    def identified(self, hidden_BCYX: Tensor) -> Tensor:
        """Return who the leftmost figure is, unit vectors (B, E), for features of pictures."""
        pooled_BAC = self._pooled(hidden_BCYX)[:, _OF_FIRST]
        vector_BE: Tensor = self.identity(pooled_BAC.flatten(1))
        return F.normalize(vector_BE, dim=-1)

    def _pooled(self, hidden_BCYX: Tensor) -> Tensor:
        weight_BAP = (self.look(hidden_BCYX).flatten(2) + self.bias).softmax(-1)
        pooled_BAC: Tensor = weight_BAP @ hidden_BCYX.flatten(2).transpose(1, 2)
        return pooled_BAC

    @torch.no_grad()
    def embed(self, images: Sequence[Image.Image]) -> Tensor:
        """Return who the leftmost figure of each picture is, unit vectors (B, E).

        Pictures of one character lie closer together than those of its look-alikes.
        """
        return torch.cat([self.identified(self.features(pixels)) for pixels in _batches(images)])

    @torch.no_grad()
    def average(self, images: Sequence[Image.Image]) -> Tensor:
        """Return the mean features of each picture over all places, (B, POOLED)."""
        return torch.cat([self.features(pixels).mean((2, 3)) for pixels in _batches(images)])

    @torch.no_grad()
    def read(self, images: Sequence[Image.Image]) -> list[dict[str, str]]:
        """Read pictures of any size; traits of figures beyond the count are left out."""
        found: list[dict[str, str]] = []
        for pixels in _batches(images):
            chosen = {trait: logits.argmax(-1).tolist() for trait, logits in self(pixels).items()}
            found += [_words(chosen, b) for b in range(len(pixels))]
        return found


def _batches(images: Sequence[Image.Image]) -> Iterator[Tensor]:
    for at in range(0, len(images), _BATCH):
        yield torch.stack([_fitted(image) for image in images[at : at + _BATCH]])


def _fitted(image: Image.Image) -> Tensor:
    if image.size != (SIDE, SIDE):
        image = image.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return to_pixels(image)


def _words(chosen: dict[str, list[int]], b: int) -> dict[str, str]:
    words = {trait: TRAITS[trait][index[b]] for trait, index in chosen.items()}
    for i in range(int(words["count"]), MAX_FIGURES):
        for trait in traits_of_figure(i):
            del words[trait]
    return words


def load_reader(path: Path = WEIGHTS) -> Reader:
    """Read a trained reader, in evaluation mode."""
    reader = Reader()
    weights = load_file(path)
    reader.load_state_dict(
        {k: v.float() if v.is_floating_point() else v for k, v in weights.items()}
    )
    return reader.eval()


def save_reader(reader: Reader, path: Path) -> None:
    """Write a reader's weights as float16."""
    state = reader.state_dict()
    half = {k: v.half() if v.is_floating_point() else v for k, v in state.items()}
    save_file({k: v.contiguous() for k, v in half.items()}, path)
