"""Pretraining of nano's autoencoder on rendered pictures.

Knows pixels and latents. Does not know words. Resumable: state lies in a folder of its own, outside
the repository.
"""

import logging
import math
import random
import time
from pathlib import Path

import torch
from torch import Tensor

from omnipersona.model.bagel.vae import Autoencoder
from omnipersona.training.samples.pixels import random_scene, scene_pixels
from omnipersona.training.trainers.checkpoint import CsvLog, load_state, save_state

logger = logging.getLogger(__name__)

_BATCH = 8
_PEAK_RATE = 2e-3
_KL_WEIGHT = 1e-5
_MOST_NOISE = 0.35
_SAVE_SECONDS = 120.0


def rendered(rng: random.Random, count: int, size: int) -> Tensor:
    """Return pixels (count, 3, size, size) in [-1, 1] of new scenes."""
    return torch.stack([scene_pixels(random_scene(rng), size) for _ in range(count)])


def psnr(a: Tensor, b: Tensor) -> float:
    """Return the mean peak signal-to-noise ratio in dB of pictures in [-1, 1]."""
    error = ((a.clamp(-1, 1) - b) / 2).square().mean(dim=(1, 2, 3)).clamp_min(1e-10)
    return float((-10 * error.log10()).mean())


def pretrain_autoencoder(
    autoencoder: Autoencoder, state: Path, *, steps: int, image_size: int, seed: int = 0
) -> None:
    """Train in place and leave latents with mean 0 and variance 1 behind `encode`.

    The rate falls along a cosine to zero at `steps`; an interrupted run goes on from its last
    checkpoint, at most five minutes old.

    Args:
        autoencoder: Fresh, or of the same sizes as the saved state.
        state: Folder of checkpoint and log.
        steps: Updates of the whole run.
        image_size: Side of the training pictures, pixels.
        seed: Of pictures and noise.
    """
    model = autoencoder.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]  # torch types only the tensor form
    optimizer = torch.optim.AdamW(model.parameters(), lr=_PEAK_RATE, betas=(0.9, 0.95))
    done = load_state(state / "autoencoder", model, optimizer)
    rng = random.Random(seed * 1_000_003 + done)
    noise = torch.Generator().manual_seed(seed * 1_000_003 + done)
    log = CsvLog(state / "autoencoder.csv", ("step", "seconds", "loss", "psnr"))
    started = saved = time.monotonic()
    for step in range(done, steps):
        warm = min(1.0, (step + 1) / 100)
        for group in optimizer.param_groups:
            group["lr"] = warm * _PEAK_RATE * 0.5 * (1 + math.cos(math.pi * step / steps))
        pixels = rendered(rng, _BATCH, image_size).contiguous(memory_format=torch.channels_last)
        loss, decoded = _loss(model, pixels, noise)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if (step + 1) % 50 == 0:
            quality = psnr(decoded.detach(), pixels)
            log.write(step + 1, time.monotonic() - started, loss.item(), quality)
            logger.info("autoencoder step %d loss %.5f psnr %.2f", step + 1, loss.item(), quality)
        if time.monotonic() - saved > _SAVE_SECONDS or step + 1 == steps:
            save_state(state / "autoencoder", model, optimizer, step + 1)
            saved = time.monotonic()
    model.eval()


def _loss(model: Autoencoder, pixels: Tensor, noise: torch.Generator) -> tuple[Tensor, Tensor]:
    mean, logvar = model.encoder(pixels)
    logvar = logvar.clamp(-12.0, 4.0)
    z = mean + torch.exp(0.5 * logvar) * torch.randn(mean.shape, generator=noise)
    decoded = model.decoder(z + drawing_noise(z, noise))
    kl = 0.5 * (mean.square() + logvar.exp() - 1.0 - logvar).mean()
    return reconstruction_loss(decoded, pixels) + _KL_WEIGHT * kl, decoded


def reconstruction_loss(decoded: Tensor, pixels: Tensor) -> Tensor:
    """Return the squared error with a little of the absolute one."""
    error = decoded - pixels
    return error.square().mean() + 0.05 * error.abs().mean()


@torch.no_grad()
def drawing_noise(z_BZYX: Tensor, generator: torch.Generator) -> Tensor:
    """Return noise that drawn latents may still hold, up to a share of their own deviation.

    A decoder that has met it takes it away instead of showing it as grain.
    """
    shares = _MOST_NOISE * torch.rand(len(z_BZYX), 1, 1, 1, generator=generator)
    return shares * z_BZYX.std() * torch.randn(z_BZYX.shape, generator=generator)


@torch.no_grad()
def latent_statistics(model: Autoencoder, image_size: int, seed: int = 7) -> tuple[float, float]:
    """Return the scale and shift that bring latents to mean 0 and variance 1."""
    mean = model.encoder(rendered(random.Random(seed), 256, image_size))[0]
    return 1.0 / float(mean.std()), float(mean.mean())
