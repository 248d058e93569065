"""Pictures as segments: one that is read, one that is given, one that is painted.

Knows patch sizes, position ids and noise. Does not know weights or files.
"""

from dataclasses import replace

import torch
from torch import Tensor

from omnipersona.model.config import ModelConfig
from omnipersona.model.latent.patches import to_tokens
from omnipersona.model.sequence.segments import GenImage, UndImage
from omnipersona.model.vision.images import grid_ids, to_patches


def seen_image(config: ModelConfig, pixels_CYX: Tensor, *, dropped: bool = False) -> UndImage:
    """Return a picture's vision patches; pixels in [-1, 1]."""
    patches, ids = to_patches(
        pixels_CYX, config.vision.patch_size, config.vit_max_num_patch_per_side
    )
    return UndImage(patches=patches, position_ids=ids, dropped=dropped)


def clean_image(config: ModelConfig, latents_CYX: Tensor, *, dropped: bool = False) -> GenImage:
    """Return a picture's latents as a clean condition."""
    patch = config.latent_patch_size
    _, height, width = latents_CYX.shape
    return GenImage(
        tokens=to_tokens(latents_CYX, patch),
        position_ids=grid_ids(height // patch, width // patch, config.max_latent_size),
        dropped=dropped,
    )


def target_image(clean: GenImage, t: float, noise: torch.Generator) -> GenImage:
    """Return a picture as a training target at time `t`, with noise from the generator."""
    return replace(clean, noise=torch.randn(clean.tokens.shape, generator=noise), t=t)
