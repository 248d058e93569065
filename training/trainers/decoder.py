"""The last part of nano's training: the autoencoder's decoder meets what the network predicts.

Predicted latents are a little wrong, mostly between neighbours. Convolutions that have seen them
mend that far better than the network, which reads a picture as 64 tokens, does by itself. The
encoder stays as it is, and so do latents.
Knows the network, captions and pixels. Does not know optimiser states: it starts anew every time.
"""

import logging
import math
import random

import torch
from torch import Tensor

from omnipersona.model.bagel.flow.matching import noised
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.prompt_layout import Prompter
from omnipersona.model.bagel.sequence import clean_image
from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.model.bagel.vae import from_tokens
from omnipersona.model.bagel.velocity_batch import Context, VelocityBatch
from omnipersona.training.corpus.captions import caption
from omnipersona.training.samples.pixels import encoded, random_scene, scene_pixels
from omnipersona.training.trainers.autoencoder import drawing_noise, psnr, reconstruction_loss

logger = logging.getLogger(__name__)

_PREDICTED, _NOISY, _CLEAN = 4, 2, 2  # pictures of each kind in a batch
_TIMES = (0.1, 0.5)
_PEAK_RATE = 1.5e-3
_WARMUP = 50
_LOG_STEPS = 100


def pretrain_decoder(model: OmniModel, tokenizer: Tokenizer, *, steps: int, seed: int = 0) -> None:
    """Train the decoder in place on predicted, noisy and clean latents.

    Args:
        model: All else in it is done and stays.
        tokenizer: Of the captions that predictions follow.
        steps: Updates; the rate falls along a cosine to zero.
        seed: Of pictures, captions and noise.
    """
    decoder = model.autoencoder.decoder.train()
    decoder.requires_grad_()
    optimizer = torch.optim.AdamW(decoder.parameters(), lr=_PEAK_RATE, betas=(0.9, 0.95))
    rng = random.Random(f"{seed} decoder")
    generator = torch.Generator().manual_seed(seed)
    prompter = Prompter(tokenizer)
    for step in range(steps):
        warm = min(1.0, (step + 1) / _WARMUP)
        for group in optimizer.param_groups:
            group["lr"] = warm * _PEAK_RATE * 0.5 * (1 + math.cos(math.pi * step / steps))
        scenes = [random_scene(rng) for _ in range(_PREDICTED + _NOISY + _CLEAN)]
        pixels = torch.stack([scene_pixels(one, model.config.image_size) for one in scenes])
        latents = torch.stack(encoded(model, list(pixels)))
        texts = [caption(one, {}, rng, "train") for one in scenes[:_PREDICTED]]
        latents[:_PREDICTED] = _predicted(model, prompter, latents[:_PREDICTED], texts, generator)
        noisy = slice(_PREDICTED, _PREDICTED + _NOISY)
        latents[noisy] += drawing_noise(latents[noisy], generator)
        decoded = model.autoencoder.decode(latents)
        loss = reconstruction_loss(decoded, pixels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
        optimizer.step()
        if (step + 1) % _LOG_STEPS == 0:
            parts = decoded.detach().split((_PREDICTED, _NOISY, _CLEAN))
            truths = pixels.split((_PREDICTED, _NOISY, _CLEAN))
            told = [f"{psnr(a, b):.2f}" for a, b in zip(parts, truths, strict=True)]
            logger.info("decoder step %d: predicted, noisy, clean %s dB", step + 1, told)
    decoder.requires_grad_(requires_grad=False).eval()


@torch.no_grad()
def _predicted(
    model: OmniModel,
    prompter: Prompter,
    latents_BZYX: Tensor,
    texts: list[str],
    generator: torch.Generator,
) -> Tensor:
    """Return what the network, told the captions, makes of noisy latents."""
    contexts = []
    for text in texts:
        contexts.append(Context(model, prompter.tokenizer.markers))
        contexts[-1].add(prompter.text(text))
    pictures = [clean_image(model.config, one) for one in latents_BZYX]
    canvas = VelocityBatch(contexts, [picture.position_ids for picture in pictures])
    low, high = _TIMES
    t = low + (high - low) * float(torch.rand((), generator=generator))
    noisy = [
        noised(one.tokens, torch.randn(one.tokens.shape, generator=generator), t)
        for one in pictures
    ]
    side, patch = model.config.max_latent_size, model.config.latent_patch_size
    return torch.stack(
        [
            from_tokens(x_t - t * velocity, side, side, patch)
            for x_t, velocity in zip(noisy, canvas.velocities(noisy, t), strict=True)
        ]
    )
