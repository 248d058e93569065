"""A team's processes end every step with the same gradients and the same will."""

from pathlib import Path

import pytest
import torch
from oracles.team_work import averaged_gradients
from safetensors.torch import load_file
from torch import nn

from omnipersona.model.engine.distributed import ALONE
from omnipersona.training.trainers.distributed import run_team


@pytest.mark.slow
def test_gradients_are_averaged_and_the_leader_decides(tmp_path: Path) -> None:
    run_team(2, averaged_gradients, str(tmp_path))
    first, second = (load_file(tmp_path / f"{rank}.safetensors") for rank in (0, 1))
    assert torch.equal(first["weight"], torch.full((2, 3), 1.5))
    assert torch.equal(first["unused"], torch.full((4,), 0.5))
    rows = torch.tensor([[0.5, 0.5], [0.5, 0.5], [0.0, 0.0], [0.0, 0.0], [1.0, 1.0]])
    assert torch.equal(first["rows"], rows)
    assert bool(first["will"])
    assert (int(first["share"]), int(second["share"])) == (3, 2)
    for name in ("weight", "unused", "rows", "will"):
        assert torch.equal(first[name], second[name])


def test_one_process_alone_changes_nothing() -> None:
    weight = nn.Parameter(torch.zeros(2))
    weight.grad = torch.ones(2)
    ALONE.average([weight])
    assert torch.equal(weight.grad, torch.ones(2))
    assert ALONE.agrees(wish=True)
    assert not ALONE.agrees(wish=False)
    assert ALONE.share(7) == 7
