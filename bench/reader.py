"""The judge of pictures: a small network that reads traits off pixels, independent of nano.

Trained on renders alone (`train_reader`), with the softness of a decoder as augmentation; shares no
weights and no class with nano. Knows traits. Does not know captions, edits or models.

Share read right on 1500 held-out renders of one figure, committed weights: place, count, object and
its colour 1.000, pose .995, colour .991, species .960, accessory colour .954, accessory .952,
pattern colour .950, pattern .931. Every run measures it again; what a row
says of a drawing or an edit cannot be more certain than the reader is.
"""

# B pictures, C channels, P places of the 8 x 8 grid, A traits

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from omnipersona.bench.traits import TRAITS, traits_of_figure
from omnipersona.model.nano.world import MAX_FIGURES
from omnipersona.model.vision.images import to_pixels

SIDE: Final = 64
WEIGHTS: Final = Path(__file__).with_name("reader.safetensors")

_GRID: Final = SIDE // 8
_WIDTH: Final = 96
_POOLED: Final = 160
_BATCH: Final = 64


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
            _Conv(12, 48, stride=2),
            nn.ReLU(),
            _Residual(48),
            _Conv(48, _WIDTH, stride=2),
            nn.ReLU(),
            _Residual(_WIDTH),
            _Overview(_WIDTH),
            _Residual(_WIDTH),
            nn.Conv2d(_WIDTH, _POOLED, 1),
            nn.ReLU(),
        )
        self.look = nn.Conv2d(_POOLED, len(TRAITS), 1)
        self.bias = nn.Parameter(torch.zeros(len(TRAITS), _GRID * _GRID))
        self.heads = nn.ModuleList(nn.Linear(_POOLED, len(words)) for words in TRAITS.values())

    def forward(self, pixels_BCYX: Tensor) -> dict[str, Tensor]:
        """Return the logits (B, words) of every trait for pixels (B, 3, 64, 64) in [-1, 1]."""
        hidden_BCYX = self.features(pixels_BCYX)
        weight_BAP = (self.look(hidden_BCYX).flatten(2) + self.bias).softmax(-1)
        pooled_BAC = weight_BAP @ hidden_BCYX.flatten(2).transpose(1, 2)
        return {
            trait: head(pooled_BAC[:, i])
            for i, (trait, head) in enumerate(zip(TRAITS, self.heads, strict=True))
        }

    @torch.no_grad()
    def read(self, images: Sequence[Image.Image]) -> list[dict[str, str]]:
        """Read pictures of any size; traits of figures beyond the count are left out."""
        found: list[dict[str, str]] = []
        for at in range(0, len(images), _BATCH):
            pixels = torch.stack([_fitted(image) for image in images[at : at + _BATCH]])
            chosen = {trait: logits.argmax(-1).tolist() for trait, logits in self(pixels).items()}
            found += [_words(chosen, b) for b in range(len(pixels))]
        return found


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
