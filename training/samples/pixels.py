"""Scenes as numbers: pixels, and latents of the frozen autoencoder."""

import random

import torch
from torch import Tensor

from omnipersona.model.bagel.images import to_pixels
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.training.world.render import render
from omnipersona.training.world.scene import Scene, sample_identity, sample_scene


def random_scene(rng: random.Random, company: float = 0.25) -> Scene:
    """Return a scene with one or two new characters, `company` of them two, 1 in 20 with none."""
    count = rng.choices((0, 1, 2), (0.05, 0.95 - company, company))[0]
    return sample_scene(rng, [sample_identity(rng) for _ in range(count)])


def scene_pixels(scene: Scene, size: int) -> Tensor:
    """Return (3, size, size) in [-1, 1]."""
    return to_pixels(render(scene, size))


@torch.no_grad()
def encoded(model: OmniModel, pixels: list[Tensor]) -> list[Tensor]:
    """Encode pictures of one size; return the latents of each (Z, Y/f, X/f)."""
    return list(model.autoencoder.encode(torch.stack(pixels).to(model.device)))
