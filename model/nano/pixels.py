"""Scenes as the segments a model reads: rendered once, encoded by the frozen autoencoder."""

import random

import torch
from torch import Tensor

from omnipersona.model.config import ModelConfig
from omnipersona.model.latent.patches import to_tokens
from omnipersona.model.nano.render import render
from omnipersona.model.nano.world import Scene, sample_identity, sample_scene
from omnipersona.model.omni import OmniModel
from omnipersona.model.sequence.segments import UndImage
from omnipersona.model.vision.images import grid_ids, to_patches, to_pixels


def random_scene(rng: random.Random) -> Scene:
    """Return a scene with none, one or two new characters."""
    count = rng.choices((0, 1, 2), (0.05, 0.7, 0.25))[0]
    return sample_scene(rng, [sample_identity(rng) for _ in range(count)])


def scene_pixels(scene: Scene, size: int) -> Tensor:
    """Return (3, size, size) in [-1, 1]."""
    return to_pixels(render(scene, size))


def seen(pixels_CYX: Tensor, config: ModelConfig, *, dropped: bool = False) -> UndImage:
    """Return a picture's vision patches as a segment."""
    patches, ids = to_patches(
        pixels_CYX, config.vision.patch_size, config.vit_max_num_patch_per_side
    )
    return UndImage(patches=patches, position_ids=ids, dropped=dropped)


@torch.no_grad()
def latent_tokens(model: OmniModel, pixels: list[Tensor]) -> tuple[list[Tensor], Tensor]:
    """Encode pictures of one size; return their tokens, each (n, E), and position ids (n,)."""
    latents = model.autoencoder.encode(torch.stack(pixels))
    patch = model.config.latent_patch_size
    side = latents.shape[-1] // patch
    ids = grid_ids(side, side, model.config.max_latent_size)
    return [to_tokens(one, patch) for one in latents], ids
