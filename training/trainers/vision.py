"""Pretraining of nano's vision encoder: it names what every cell of a rendered picture shows.

The published model starts from an encoder that has seen pictures; ours learns from labels, one
linear head over all cells, before the network learns to read its features. A question gives one
word per picture, the cells give thousands. Knows pixels and labels. Does not know words.
Resumable: state lies in a folder of its own, outside the repository.
"""

import logging
import random
import time
from pathlib import Path
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from omnipersona.model.bagel.config import ModelConfig
from omnipersona.model.bagel.images import to_pixels
from omnipersona.model.bagel.sequence import seen_image
from omnipersona.model.bagel.vision import VisionEncoder
from omnipersona.model.engine.devices import training_precision
from omnipersona.training.samples.pixels import random_scene
from omnipersona.training.trainers.auxiliary_heads import naming_head
from omnipersona.training.trainers.checkpoint import CsvLog, load_state, save_state
from omnipersona.training.trainers.init import init_weights
from omnipersona.training.trainers.muon import Muon
from omnipersona.training.world.foreign import foreign_picture
from omnipersona.training.world.labels import LABELS, show

logger = logging.getLogger(__name__)

_NEW: Final = 16
_BATCH: Final = 48
_BUFFER: Final = 20_000
_FOREIGN: Final = 0.03
_PEAK_RATE: Final = 3e-3
_WARMUP: Final = 50
_COOLED_FROM: Final = 0.6
_LOG_STEPS: Final = 100
_SAVE_SECONDS: Final = 120.0
_BYTE: Final = 255.0


class Seeing(nn.Module):
    """The vision encoder and the head that names cells.

    Args:
        config: Sizes of the encoder.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.vision = VisionEncoder(config.vision)
        init_weights(self.vision, config.vision.num_kept_layers)
        self.head = naming_head(config.vision.hidden_size)

    def forward(self, patches_BnP: Tensor, position_ids_n: Tensor) -> Tensor:
        """Return logits (B * n, labels) of pictures of n patches each."""
        batch, count, _ = patches_BnP.shape
        ids = position_ids_n.repeat(batch)
        features = self.vision(patches_BnP.flatten(0, 1), ids, [count] * batch)
        named: Tensor = self.head(features)
        return named


class _Supply:
    """Rendered pictures with their labels; most of a batch is replayed from earlier ones."""

    def __init__(self, config: ModelConfig, rng: random.Random) -> None:
        self.config = config
        self.rng = rng
        self.kept: list[tuple[Tensor, Tensor]] = []
        self.position_ids = torch.empty(0)

    def batch(self) -> tuple[Tensor, Tensor]:
        """Return patches (B, n, P) and labels (B * n, labels)."""
        for _ in range(_NEW if len(self.kept) >= _BATCH else _BATCH):
            self._keep(self._new())
        picked = self.rng.sample(self.kept, _BATCH)
        patches = torch.stack([patches for patches, _ in picked]).float()
        return patches, torch.cat([labels for _, labels in picked]).float() / _BYTE

    def _new(self) -> tuple[Tensor, Tensor]:
        size = self.config.image_size
        side = size // self.config.vision.patch_size
        if self.rng.random() < _FOREIGN:
            pixels = to_pixels(foreign_picture(self.rng, size))
            cells = torch.zeros(side * side, len(LABELS))
        else:
            shown = show(random_scene(self.rng), size)
            pixels, cells = shown.pixels, shown.cells(side, side)
        seen = seen_image(self.config, pixels)
        self.position_ids = seen.position_ids
        return seen.patches.half(), (cells * _BYTE).byte()

    def _keep(self, picture: tuple[Tensor, Tensor]) -> None:
        if len(self.kept) < _BUFFER:
            self.kept.append(picture)
        else:
            self.kept[self.rng.randrange(_BUFFER)] = picture


def pretrain_vision(seeing: Seeing, config: ModelConfig, state: Path, *, steps: int) -> None:
    """Train in place; the rate falls to zero over the last part of the run.

    An interrupted run goes on from its last checkpoint, with new pictures.

    Args:
        seeing: Fresh, or of the same sizes as the saved state.
        config: Sizes of pictures and patches.
        state: Folder of checkpoint and log.
        steps: Updates of the whole run.
    """
    named = list(seeing.named_parameters())
    matrices = [p for name, p in named if ".layers." in name and p.dim() == 2]
    others = [p for name, p in named if ".layers." not in name or p.dim() != 2]
    muon = Muon(matrices, _PEAK_RATE)
    adam = torch.optim.AdamW(others, lr=_PEAK_RATE, betas=(0.9, 0.98), weight_decay=0.01)
    done = load_state(state / "vision", seeing, adam)
    load_state(state / "vision_muon", nn.Module(), muon)
    supply = _Supply(config, random.Random(f"vision {done}"))
    log = CsvLog(state / "vision.csv", ("step", "seconds", "loss"))
    started = saved = time.monotonic()
    losses: list[float] = []
    for step in range(done, steps):
        rate = _PEAK_RATE * _share(step, steps)
        patches, labels = supply.batch()
        with training_precision():
            logits = seeing(patches, supply.position_ids).float()
        loss = F.binary_cross_entropy_with_logits(logits, labels, reduction="sum") / len(labels)
        for optimizer in (muon, adam):
            optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(seeing.parameters(), 1.0)
        for optimizer in (muon, adam):
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
        losses.append(loss.item())
        if len(losses) == _LOG_STEPS:
            mean, seconds = sum(losses) / _LOG_STEPS, time.monotonic() - started
            log.write(step + 1, seconds, mean)
            logger.info("vision step %d (%.0f s) loss %.3f", step + 1, seconds, mean)
            losses.clear()
        if time.monotonic() - saved > _SAVE_SECONDS or step + 1 == steps:
            save_state(state / "vision_muon", nn.Module(), muon, step + 1)
            save_state(state / "vision", seeing, adam, step + 1)
            saved = time.monotonic()


def _share(step: int, steps: int) -> float:
    warm = min(1.0, (step + 1) / _WARMUP)
    return warm * min(1.0, (1.0 - step / steps) / (1.0 - _COOLED_FROM))
