"""How strange a picture is to a model: how badly it draws it, told nothing.

A model takes noise off the pictures of its world far better than off others. Source: Graham et al.
2023, "Denoising diffusion models for out-of-distribution detection", arXiv:2211.07740, with one
time of the path for all.
Knows the network and latents. Does not know files, or what is done about a strange picture.
"""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from omnipersona.model.bagel.flow.matching import noised
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.sequence import GenImage, Markers
from omnipersona.model.bagel.velocity_batch import Context, VelocityBatch

_TIME: Final = 0.3  # noisy enough to need knowledge, clear enough to be about this picture
_NUM_NOISES: Final = 2


@torch.no_grad()
def ood_score(model: OmniModel, markers: Markers, pictures: Sequence[GenImage]) -> Tensor:
    """Return the mean squared error of each picture's predicted clean latents, (pictures,).

    Args:
        model: The network.
        markers: Ids around pictures.
        pictures: Clean; their sizes may differ.
    """
    repeated, noisy = [], []
    for picture in pictures:
        # The same noise for every picture, so that a limit means the same for all.
        seeds = torch.Generator().manual_seed(0)
        for _ in range(_NUM_NOISES):
            noise = torch.randn(picture.tokens.shape, generator=seeds)
            repeated.append(picture)
            noisy.append(noised(picture.tokens, noise, _TIME))
    nothing = Context(model, markers)
    canvas = VelocityBatch(
        [nothing] * len(repeated), [picture.position_ids for picture in repeated]
    )
    errors = [
        (x_t - _TIME * velocity - picture.tokens).square().mean()
        for picture, x_t, velocity in zip(
            repeated, noisy, canvas.velocities(noisy, _TIME), strict=True
        )
    ]
    return torch.stack(errors).view(len(pictures), _NUM_NOISES).mean(1)
