"""Layers fill devices in order; one that is fetched when needed computes and learns the same."""

from pathlib import Path

import pytest
import torch
from oracles.random_weights import gen_target
from torch import Tensor

from omnipersona.model.bagel.backbone import load_pipeline
from omnipersona.model.bagel.checkpoint.device_map import HOST, attach, spread_layers
from omnipersona.model.bagel.checkpoint.loading import load_folder
from omnipersona.model.bagel.checkpoint.published import bagel_7b_mot
from omnipersona.model.bagel.config import tiny
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.sequence import Markers, Sample, SoftRow, TextSegment, pack
from omnipersona.model.errors import WeightsError

MARKERS = Markers(start_of_image=1, end_of_image=2)
GB = 10**9


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([80], {"cuda:0": 28}),
        ([24], {"cuda:0": 10, "host": 18}),
        ([24, 24], {"cuda:0": 10, "cuda:1": 18}),
        ([16, 16], {"cuda:0": 3, "cuda:1": 15, "host": 10}),
        ([4, 24], {"cuda:1": 23, "host": 5}),
    ],
)
def test_layers_fill_devices_in_order_and_then_the_host(
    sizes: list[int], expected: dict[str, int]
) -> None:
    rooms = [(f"cuda:{i}", size * GB) for i, size in enumerate(sizes)]
    found = spread_layers(bagel_7b_mot(), "bfloat16", rooms)
    assert list(found) == [device for device, count in expected.items() for _ in range(count)]


def test_smaller_weights_leave_more_layers_on_the_gpu() -> None:
    rooms = [("cuda:0", 16 * GB)]
    counts = [
        spread_layers(bagel_7b_mot(), kind, rooms).count("cuda:0")
        for kind in ("bfloat16", "int8", "nf4")
    ]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


def _learning_step(net: OmniModel) -> tuple[Tensor, Tensor]:
    """Return the losses and the gradient of soft vectors."""
    net.requires_grad_(requires_grad=False)
    soft = torch.randn(3, 32, generator=torch.Generator().manual_seed(0)).requires_grad_()
    rows = tuple(SoftRow(at=i + 2, index=i, is_gen=i > 1) for i in range(3))
    prefix = TextSegment(ids=[3] * 8, soft=rows)
    answer = TextSegment(ids=[4] * 5, has_loss=True)
    target = gen_target(tiny(), 4, 4, 1)
    samples = [Sample(segments=(prefix, target)), Sample(segments=(prefix, answer))]
    losses = net(pack(samples, MARKERS), soft)
    (losses.ce.mean() + losses.mse.mean()).backward()
    assert soft.grad is not None
    return torch.cat([losses.ce.detach(), losses.mse.detach().flatten()]), soft.grad


def test_layers_that_are_fetched_compute_and_learn_the_same(checkpoint: Path) -> None:
    plain = _learning_step(load_folder(checkpoint))
    net = load_folder(checkpoint)
    attach(net, "cpu", ["cpu", HOST])
    assert net.decoder.recomputes
    devices = [{p.device.type for p in layer.parameters()} for layer in net.decoder.layers]
    assert devices == [{"cpu"}, {"meta"}]
    for ours, expected in zip(_learning_step(net), plain, strict=True):
        assert torch.equal(ours, expected)


def test_layers_on_another_device_take_and_give_back_their_rows(checkpoint: Path) -> None:
    plain = _learning_step(load_folder(checkpoint))
    net = load_folder(checkpoint, layers=["cpu", "cpu:0"])
    attach(net, "cpu", ["cpu", "cpu:0"])
    assert not net.decoder.recomputes
    for ours, expected in zip(_learning_step(net), plain, strict=True):
        assert torch.equal(ours, expected)


def test_spreading_without_a_gpu_is_refused(checkpoint: Path) -> None:
    with pytest.raises(WeightsError, match="needs a CUDA GPU"):
        load_pipeline(str(checkpoint), device="cpu", spread=True)
