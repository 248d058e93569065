"""From vision features to decoder rows, and the fixed two-dimensional position tables."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from omnipersona.model.config import PositionWaves


class Connector(nn.Module):
    """Two linear layers with tanh-GELU between the vision encoder and the decoder."""

    def __init__(self, vision_width: int, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(vision_width, width)
        self.fc2 = nn.Linear(width, width)

    def forward(self, features: Tensor) -> Tensor:
        """Map (n, vision width) to (n, decoder width)."""
        return self.fc2(F.gelu(self.fc1(features), approximate="tanh"))


def sincos_table(side: int, width: int, waves: PositionWaves) -> Tensor:
    """Return the fixed table (side * side, width), float32, of grid positions row by row.

    The first half of the channels encodes the column, the second half the row; each half is sines
    followed by cosines at `fastest * range ** (-k / (width / 4))`, computed in float64.
    """
    exponents = -np.arange(width // 4, dtype=np.float64) / (width / 4)
    frequencies = waves.fastest * waves.range**exponents
    angles = np.arange(side, dtype=np.float64)[:, None] * frequencies
    line = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
    columns = np.tile(line, (side, 1))
    rows = np.repeat(line, side, axis=0)
    return torch.from_numpy(np.concatenate([columns, rows], axis=1)).float()
