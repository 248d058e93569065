"""The yardstick draws the same pictures; the rows are ratios of what was timed."""

import json
from dataclasses import replace

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from omnipersona.bench import speed
from omnipersona.bench.cost import drawing_flops, forward_flops
from omnipersona.bench.plain_path import draw_plainly
from omnipersona.bench.speed import run_speed, speed_json, speed_table
from omnipersona.bench.stage import Load, Stage, random_weights, small_sizes
from omnipersona.bench.work import EDITING
from omnipersona.model.bagel.flow.guidance import GuidanceConfig
from omnipersona.model.bagel.flow.sampling import draw
from omnipersona.model.engine.devices import Device

_SMALL = Load(width=64, layers=1, num_steps=3, repeats=1)


@torch.no_grad()
@pytest.mark.parametrize("image_scale", [1.0, 2.0])
@pytest.mark.parametrize("has_source", [False, True])
def test_the_plain_path_draws_the_same_picture(image_scale: float, has_source: bool) -> None:
    stage = Stage(random_weights(small_sizes(_SMALL), Device.of_cpu()))
    painting = stage.inputs(3, has_source=has_source, has_concept=True)
    config = GuidanceConfig(cfg_text_scale=4.0, cfg_img_scale=image_scale, cfg_interval=(0.2, 1.0))
    *_, [(ours, _)] = draw([painting], num_steps=4, timestep_shift=3.0, config=config)
    *_, plain = draw_plainly(painting, num_steps=4, timestep_shift=3.0, config=config)
    torch.testing.assert_close(ours, plain, atol=1e-4, rtol=1e-4)


def test_every_pair_and_every_piece_of_work_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "QUICK", _SMALL)
    told: list[str] = []
    report = run_speed(quick=True, on_progress=told.append)
    assert told == [
        "t2i_vs_plain_path",
        "edit_vs_plain_path",
        "batch4_vs_single",
        "step_cache_vs_whole",
        "draw 1, concept",
        "draw 4, same concept",
        "draw 4, concepts",
        "draw 16, same concept",
        "draw 16, concepts",
        "edit 1",
        "answer",
        "learn",
    ]
    assert all(row.ratio == row.yardstick_s / row.seconds > 0 for row in report.rows)
    assert all(row.seconds > 0 and row.gflops > 0 and row.share > 0 for row in report.work)
    found = json.loads(speed_json(report))
    assert [row["name"] for row in (*found["rows"], *found["work"])] == told
    table = speed_table(report)
    assert all(name in table for name in told)
    assert "A row of context takes" in table


@torch.no_grad()
def test_operations_are_counted_as_pytorch_counts_them() -> None:
    sizes = small_sizes(replace(_SMALL, width=128, layers=4))
    stage = Stage(random_weights(sizes, Device.of_cpu()))
    painting = stage.inputs(1, has_source=True, has_concept=True)
    # The counter knows products of matrices, not the fused attention of processors.
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        list(draw([painting], num_steps=4, timestep_shift=3.0, config=EDITING))
    ours = drawing_flops(
        stage.model.config,
        EDITING,
        num_steps=4,
        timestep_shift=3.0,
        num_tokens=stage.grid.num_tokens,
        num_past=painting.guidance.full.cache.length,
        num_branches=3,
    )
    # Ours leaves out the layers around the decoder.
    counted = counter.get_total_flops()
    assert 0.9 * counted < ours < 1.1 * counted, (counted, ours)


def test_the_head_counts_where_it_is_read() -> None:
    config = small_sizes(_SMALL)
    without = forward_flops(config, num_rows=3, num_looks=9)
    assert forward_flops(config, num_rows=3, num_looks=9, num_logits=2) == without + (
        2 * 2 * config.text.vocab_size * config.text.hidden_size
    )
