"""The yardstick draws the same pictures; the rows are ratios of what was timed."""

import json

import pytest
import torch

from omnipersona.bench import speed
from omnipersona.bench.plain_path import draw_plainly
from omnipersona.bench.speed import Load, run_speed, speed_json, speed_model, speed_table
from omnipersona.model.drawing import draw
from omnipersona.model.flow.guidance import GuidanceConfig

_SMALL = Load(width=64, layers=1, num_steps=3, repeats=1)


@torch.no_grad()
@pytest.mark.parametrize("image_scale", [1.0, 2.0])
@pytest.mark.parametrize("has_source", [False, True])
def test_the_plain_path_draws_the_same_picture(image_scale: float, has_source: bool) -> None:
    stage = speed._Stage(speed_model(_SMALL))
    painting = stage.painting(3, has_source=has_source, has_concept=True)
    config = GuidanceConfig(cfg_text_scale=4.0, cfg_img_scale=image_scale, cfg_interval=(0.2, 1.0))
    *_, [(ours, _)] = draw([painting], num_steps=4, timestep_shift=3.0, config=config)
    *_, plain = draw_plainly(painting, num_steps=4, timestep_shift=3.0, config=config)
    torch.testing.assert_close(ours, plain, atol=1e-4, rtol=1e-4)


def test_every_pair_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "QUICK", _SMALL)
    told: list[str] = []
    rows = run_speed(quick=True, on_progress=told.append)
    assert told == [
        "t2i_vs_plain_path",
        "edit_vs_plain_path",
        "batch4_vs_single",
        "step_cache_vs_whole",
    ]
    assert all(row.seconds > 0 and row.ratio == row.yardstick_s / row.seconds for row in rows)
    assert [row["name"] for row in json.loads(speed_json(rows))["rows"]] == told
    assert len(speed_table(rows).splitlines()) == len(rows) + 1
