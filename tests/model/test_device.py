"""The network moves what it reads: other devices and number types than the host's float32.

The meta device refuses every operation with a tensor of another one, so it shows what was left
behind on the host without a GPU.
"""

import pytest
import torch
from oracles.random_weights import gen_image, random_model, und_image
from torch import Tensor

from omnipersona.model.bagel.config import tiny
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.sequence import Markers, SoftRow, TextSegment
from omnipersona.model.bagel.vae import from_tokens
from omnipersona.model.bagel.velocity_batch import Context, VelocityBatch

CONFIG = tiny()
MARKERS = Markers(start_of_image=1, end_of_image=2)
SOFT = torch.randn(2, CONFIG.text.hidden_size, generator=torch.Generator().manual_seed(0))
TOLD = TextSegment(
    ids=[0, 5, 6, 7], soft=(SoftRow(at=1, index=0), SoftRow(at=2, index=1, is_gen=True))
)


def _drawn(net: OmniModel) -> Tensor:
    context = Context(net, MARKERS, SOFT)
    for segment in (TOLD, gen_image(CONFIG, 2, 2), und_image(CONFIG, 2, 2)):
        context.add(segment)
    target = gen_image(CONFIG, 2, 2, seed=4)
    [velocity] = VelocityBatch([context], [target.position_ids]).velocities([target.tokens], 0.5)
    return velocity


@torch.no_grad()
def test_nothing_is_left_on_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    net = random_model(CONFIG).to("meta")
    # Nothing can be brought back from the meta device.
    monkeypatch.setattr(Tensor, "cpu", lambda tensor: tensor)
    assert _drawn(net).is_meta


@torch.no_grad()
def test_pictures_stay_where_they_were() -> None:
    net = random_model(CONFIG)
    pixels = torch.rand(1, 3, 16, 16)
    latents = net.autoencoder.encode(pixels, torch.zeros(1, 4, 4, 4))
    assert latents.device == pixels.device
    assert net.autoencoder.decode(latents).shape == pixels.shape


@torch.no_grad()
def test_bfloat16_draws_nearly_the_same_and_samples_in_float32() -> None:
    exact = _drawn(random_model(CONFIG))
    net = random_model(CONFIG)
    net.to(torch.bfloat16)
    found = _drawn(net)
    assert found.dtype == torch.float32
    assert float((found - exact).norm() / exact.norm()) < 0.05
    assert from_tokens(found, 2, 2, CONFIG.latent_patch_size).dtype == torch.float32
