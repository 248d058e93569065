"""Pictures as an image encoder wants them: resized, cropped to a square, normalised.

`correct` is what the encoders were trained with, by transformers. `unictokens_compat` repeats a
fault of that project's evaluator, to compare with figures that were taken with it: values in [0, 1]
are taken for [-1, 1] and mapped once more, so that all pictures lie in [0.5, 1]; and the picture is
first brought to 512 pixels. Does not know any network.
"""

# B pictures, C colour channels, Y rows, X columns.

from collections.abc import Sequence
from typing import Any, Final, Literal

import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from transformers import BitImageProcessorPil, CLIPImageProcessorPil

Preprocess = Literal["correct", "unictokens_compat"]

_COMPAT_SIDE: Final = 512
_DINO_MARGIN: Final = 256 / 224
_IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
_IMAGENET_STD: Final = (0.229, 0.224, 0.225)


def clip_pixels(
    pictures: Sequence[Image.Image], side: int, preprocess: Preprocess = "correct"
) -> Tensor:
    """Return pictures as CLIP's input (B, C, Y, X), `side` pixels high and wide."""
    if preprocess == "correct":
        return _made(CLIPImageProcessorPil(size=_shorter(side), crop_size=side), pictures)
    whole = CLIPImageProcessorPil(
        size=_shorter(_COMPAT_SIDE), crop_size=_COMPAT_SIDE, do_normalize=False
    )
    squeezed_BCYX = (_made(whole, pictures) + 1.0) / 2.0
    small_BCYX = F.interpolate(squeezed_BCYX, size=(side, side), mode="bicubic", antialias=True)
    norm = CLIPImageProcessorPil(do_resize=False, do_center_crop=False, do_rescale=False)
    return _made(norm, small_BCYX.numpy())


def dino_pixels(pictures: Sequence[Image.Image], side: int) -> Tensor:
    """Return pictures as DINOv2's input (B, C, Y, X), `side` pixels high and wide."""
    rule = BitImageProcessorPil(
        size=_shorter(round(side * _DINO_MARGIN)),
        crop_size=side,
        image_mean=_IMAGENET_MEAN,
        image_std=_IMAGENET_STD,
    )
    return _made(rule, pictures)


def _shorter(side: int) -> dict[str, int]:
    return {"shortest_edge": side}


def _made(rule: Any, pictures: Any) -> Tensor:
    made_BCYX: Tensor = rule(pictures, return_tensors="pt")["pixel_values"]
    return made_BCYX
