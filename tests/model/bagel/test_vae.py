"""The autoencoder's latents: shapes, scale, posterior noise."""

import pytest
import torch
from oracles.random_weights import noise

from omnipersona.model.bagel.config import AutoencoderConfig
from omnipersona.model.bagel.omni import OmniModel


@torch.no_grad()
def test_noise_moves_latents_by_their_scaled_deviation(net: OmniModel) -> None:
    pixels, eps = noise(1, 1, 3, 16, 24), noise(2, 1, 4, 4, 6)
    _, logvar = net.autoencoder.encoder(pixels)
    mean, drawn = net.autoencoder.encode(pixels), net.autoencoder.encode(pixels, eps)
    scale = net.config.autoencoder.scale_factor
    torch.testing.assert_close(drawn - mean, scale * torch.exp(0.5 * logvar) * eps)
    assert net.autoencoder.decode(drawn).shape == pixels.shape


@torch.no_grad()
def test_pictures_of_a_batch_do_not_mix(net: OmniModel) -> None:
    pixels = noise(1, 2, 3, 16, 16)
    together = net.autoencoder.encode(pixels)
    alone = torch.cat([net.autoencoder.encode(one[None]) for one in pixels])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


def test_levels_and_down_factor_must_agree() -> None:
    with pytest.raises(ValueError, match="downsample 8 does not agree with 2 levels"):
        AutoencoderConfig(ch_mult=(1, 2))
