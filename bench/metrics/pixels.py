"""Pictures as an image encoder wants them: resized, cropped to a square, normalised.

`correct` is what the encoders were trained with. `unictokens_compat` repeats a fault of that
project's evaluator, to compare with figures that were taken with it: values in [0, 1] are taken for
[-1, 1] and mapped once more, so that all pictures lie in [0.5, 1]; and the picture is first brought
to 512 pixels. Does not know any network.
"""

# C colour channels, Y rows, X columns; pixel values in [0, 1] before normalisation.

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

Preprocess = Literal["correct", "unictokens_compat"]

_COMPAT_SIDE: Final = 512


@dataclass(frozen=True, kw_only=True, slots=True)
class PixelRule:
    """How one encoder takes pictures.

    Attributes:
        resize: Length of the shorter side after resizing, pixels.
        crop: Side of the square cut from the middle, pixels.
        mean, std: Per colour channel, for values in [0, 1].
    """

    resize: int
    crop: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def pixels(self, picture: Image.Image, preprocess: Preprocess = "correct") -> Tensor:
        """Return a picture as the encoder's input (C, Y, X)."""
        rgb = picture.convert("RGB")
        if preprocess == "correct":
            values = _values(_cropped(_resized(rgb, self.resize), self.crop))
        else:
            values = self._squeezed(_values(_cropped(_resized(rgb, _COMPAT_SIDE), _COMPAT_SIDE)))
        mean = torch.tensor(self.mean).view(3, 1, 1)
        return (values - mean) / torch.tensor(self.std).view(3, 1, 1)

    def _squeezed(self, values_CYX: Tensor) -> Tensor:
        small = F.interpolate(
            ((values_CYX + 1.0) / 2.0)[None],
            size=(self.resize, self.resize),
            mode="bicubic",
            antialias=True,
        )[0]
        start = round((self.resize - self.crop) / 2.0)
        return small[:, start : start + self.crop, start : start + self.crop]


CLIP_MEAN: Final = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD: Final = (0.26862954, 0.26130258, 0.27577711)
IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
IMAGENET_STD: Final = (0.229, 0.224, 0.225)


def _resized(picture: Image.Image, side: int) -> Image.Image:
    width, height = picture.size
    shorter = min(width, height)
    size = (int(side * width / shorter), int(side * height / shorter))
    return picture.resize(size, Image.Resampling.BICUBIC)


def _cropped(picture: Image.Image, side: int) -> Image.Image:
    left, top = round((picture.width - side) / 2.0), round((picture.height - side) / 2.0)
    return picture.crop((left, top, left + side, top + side))


def _values(picture: Image.Image) -> Tensor:
    levels_YXC = np.array(picture, dtype=np.uint8)
    return torch.from_numpy(levels_YXC).permute(2, 0, 1).float() / 255.0
