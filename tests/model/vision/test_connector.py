"""Fixed position tables agree with the plain formula."""

import pytest
import torch
from oracles.plain_bagel import sincos

from omnipersona.model.vision.connector import sincos_table


@pytest.mark.parametrize(("side", "width"), [(1, 4), (3, 8), (5, 24)])
def test_the_table_is_the_formula(side: int, width: int) -> None:
    torch.testing.assert_close(sincos_table(side, width), sincos(side, width), atol=1e-7, rtol=0)
