"""How close pictures are: PSNR, within a region, and what the autoencoder alone costs.

Knows pixels and the autoencoder of a checkpoint folder. Does not know what pictures show.
"""

from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFilter
from torchmetrics.functional.image import (
    peak_signal_noise_ratio,
    structural_similarity_index_measure,
)

from omnipersona.model.bagel.checkpoint.loading import fingerprint, load_folder
from omnipersona.model.bagel.images import to_image, to_pixels
from omnipersona.model.bagel.vae import Autoencoder
from omnipersona.model.contract import PersonaModel

_PEAK: Final = 255.0
# A perfect match would be infinite; 8-bit pictures cannot show more than this.
_CEILING: Final = 60.0
_MARGIN: Final = 7
_WINDOW: Final = 7
_LEAST_PIXELS: Final = 64

Mask = NDArray[np.bool_]


def psnr(image: Image.Image, like: Image.Image, where: Mask | None = None) -> float:
    """Return the peak signal-to-noise ratio of two pictures of one size, dB, at most 60.

    Args:
        image: RGB.
        like: RGB; what `image` should be.
        where: Pixels (Y, X) that count; all by default.
    """
    ours, theirs = (_levels(one)[... if where is None else where] for one in (image, like))
    return min(_CEILING, float(peak_signal_noise_ratio(ours, theirs, data_range=_PEAK)))


def similarity(image: Image.Image, like: Image.Image, where: Mask | None = None) -> float:
    """Return the structural similarity of two pictures of one size, in [0, 1], of their greys.

    Windows are 7 x 7 and uniform. Source: Wang et al. 2004, "Image Quality Assessment".

    Args:
        image: RGB.
        like: RGB; what `image` should be.
        where: Window centres (Y, X) that count; all by default.
    """
    ours, theirs = (_levels(one.convert("L"))[None, None] for one in (image, like))
    _, index = structural_similarity_index_measure(
        ours,
        theirs,
        gaussian_kernel=False,
        kernel_size=_WINDOW,
        data_range=_PEAK,
        return_full_image=True,
    )
    return max(0.0, float(index[0, 0][... if where is None else where].mean()))


def _levels(image: Image.Image) -> torch.Tensor:
    return torch.tensor(np.asarray(image, dtype=np.float64))


def unchanged_region(source: Image.Image, target: Image.Image) -> Mask | None:
    """Return where two pictures agree, with a margin; None where hardly a pixel is left."""
    channels = ImageChops.difference(source, target).split()
    largest = ImageChops.lighter(ImageChops.lighter(channels[0], channels[1]), channels[2])
    changed = largest.point(lambda value: 255 if value else 0)
    same = np.asarray(changed.filter(ImageFilter.MaxFilter(_MARGIN))) == 0
    return same if same.sum() >= _LEAST_PIXELS else None


@torch.no_grad()
def reconstructed(autoencoder: Autoencoder, images: list[Image.Image]) -> list[Image.Image]:
    """Return pictures after one pass through the autoencoder, without posterior noise."""
    pixels = torch.stack([to_pixels(image) for image in images])
    decoded = autoencoder.decode(autoencoder.encode(pixels))
    return [to_image(one) for one in decoded]


def autoencoder_of(model: PersonaModel, checkpoint: Path) -> Autoencoder | None:
    """Return the autoencoder in a folder if the folder holds this very model, else None."""
    if not checkpoint.is_dir():
        return None
    found = load_folder(checkpoint)
    same = fingerprint(found) == model.describe().fingerprint
    return found.autoencoder.eval() if same else None
