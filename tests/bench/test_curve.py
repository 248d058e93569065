import json
from pathlib import Path

import pytest
import torch

from omnipersona.bench import curve
from omnipersona.bench.curve import curve_json, curve_table, learning_curve
from omnipersona.model.bagel.checkpoint.loading import save_folder
from omnipersona.model.bagel.config import tiny
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.tokenizer import Tokenizer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save_folder(OmniModel(tiny()), tmp_path, dtype=torch.float32)
    Tokenizer.train(["a small vocabulary"], tiny().text.vocab_size).write(tmp_path)
    return tmp_path


def test_every_budget_is_a_point(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curve, "_BUDGETS", (("quick", 1), ("quick", 3)))
    told: list[str] = []
    points = list(learning_curve(str(folder), concepts=1, seed=0, on_progress=told.append))
    assert told == ["quick, 1 steps", "quick, 3 steps"]
    assert [point.num_steps for point in points] == [1, 3]
    for point in points:
        assert point.seconds > 0.0
        for share in (point.recognised, point.facts, point.traits, point.nearer):
            assert 0.0 <= share <= 1.0
    head, *lines = curve_table(points).splitlines()
    assert head.split()[:3] == ["preset", "steps", "seconds"]
    assert [line.split()[1] for line in lines] == ["1", "3"]
    assert len(json.loads(curve_json(points))["points"]) == 2
