"""A device that is not there is refused in words that say what to do."""

import pytest
import torch

from omnipersona.model.engine.devices import pick_device
from omnipersona.model.errors import DeviceError


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused() -> None:
    with pytest.raises(DeviceError, match="use another"):
        pick_device("cuda")
