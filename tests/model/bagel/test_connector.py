"""Fixed position tables agree with the plain formula."""

import pytest
import torch
from oracles.plain_bagel import sincos

from omnipersona.model.bagel.config import PositionWaves
from omnipersona.model.bagel.vision import sincos_table


@pytest.mark.parametrize(("side", "width"), [(1, 4), (3, 8), (5, 24)])
def test_the_table_is_the_formula(side: int, width: int) -> None:
    table = sincos_table(side, width, PositionWaves())
    torch.testing.assert_close(table, sincos(side, width), atol=1e-7, rtol=0)


def test_faster_waves_set_neighbours_further_apart() -> None:
    published = sincos_table(8, 64, PositionWaves())
    faster = sincos_table(8, 64, PositionWaves(fastest=2.0, range=10.0))
    assert (faster[1] - faster[0]).norm() > 2 * (published[1] - published[0]).norm()
    torch.testing.assert_close(faster.norm(dim=1), published.norm(dim=1))
