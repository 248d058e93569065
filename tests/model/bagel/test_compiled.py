"""Compiled steps draw the same picture; padding the past to full lengths changes nothing."""

import shutil
from pathlib import Path

import pytest
import torch
from oracles.random_weights import noise
from torch import Tensor

from omnipersona.model.bagel.backbone import load_pipeline
from omnipersona.model.bagel.images import grid_ids
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.sequence import Markers, TextSegment
from omnipersona.model.bagel.velocity_batch import Context, VelocityBatch

needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="compiles with g++")


@torch.no_grad()
def _velocity(net: OmniModel, num_words: int) -> Tensor:
    context = Context(net, Markers(1, 2))
    context.add(TextSegment(ids=[3 + i for i in range(num_words)]))
    canvas = VelocityBatch([context], [grid_ids(4, 4, net.config.max_latent_size)])
    assert canvas.past is not None
    assert canvas.past.keys[0].shape[1] == (64 if net.decoder.is_compiled else num_words)
    return canvas.velocities([noise(1, 16, net.config.latent_width)], 0.5)[0]


@needs_compiler
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the compiler's own
def test_compiled_steps_give_the_same_velocities(checkpoint: Path) -> None:
    net = load_pipeline(str(checkpoint), device="cpu")[0].model
    expected = [_velocity(net, n) for n in (5, 40)]
    compiled = load_pipeline(str(checkpoint), device="cpu", compiled=True)[0].model
    assert compiled.decoder.is_compiled
    for n, one in zip((5, 40), expected, strict=True):
        torch.testing.assert_close(_velocity(compiled, n), one, atol=1e-4, rtol=1e-4)
