"""Train the reader's embedding of identities; its other weights stay as they are.

Two renders of a character, in other places, poses and clothes, should lie closer together than
either does to a look-alike or to anyone else. Knows characters and renders.
Source: van den Oord et al. 2018, "Representation Learning with Contrastive Predictive Coding",
arXiv:1807.03748 (the loss).
"""

import logging
import random
import time
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from omnipersona.bench.reader import SIDE, Reader
from omnipersona.training.samples.pixels import scene_pixels
from omnipersona.training.world.scene import Identity, look_alike, sample_identity, sample_scene

logger = logging.getLogger(__name__)

_CHARACTERS: Final = 20
_TEMPERATURE: Final = 0.07
_PEAK_RATE: Final = 3e-3
_LOG_STEPS: Final = 100


def train_identity(reader: Reader, seconds: float, seed: int = 0) -> None:
    """Train `reader.identity` in place for a time, the rate falling to zero."""
    rng = random.Random(f"{seed} identity")
    optimizer = torch.optim.AdamW(reader.identity.parameters(), lr=_PEAK_RATE, weight_decay=0.01)
    started, step = time.monotonic(), 0
    while (share := (time.monotonic() - started) / seconds) < 1.0:
        for group in optimizer.param_groups:
            group["lr"] = _PEAK_RATE * (1.0 - share)
        characters = [sample_identity(rng) for _ in range(_CHARACTERS)]
        others = [look_alike(one, rng) for one in characters]
        shown = _shown([*characters, *characters, *others], rng)
        with torch.no_grad():
            hidden = reader.features(shown)
        first, rest = reader.identified(hidden).tensor_split([_CHARACTERS])
        loss = F.cross_entropy(first @ rest.T / _TEMPERATURE, torch.arange(_CHARACTERS))
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimizer.step()
        step += 1
        if step % _LOG_STEPS == 0:
            logger.info("identity step %d, loss %.3f", step, loss.item())


def _shown(identities: list[Identity], rng: random.Random) -> Tensor:
    """Return pixels (B, 3, 64, 64) of characters, each alone somewhere."""
    return torch.stack([scene_pixels(sample_scene(rng, [one]), SIDE) for one in identities])
