"""The vision encoder on packed patches, its connector to the decoder, and fixed position tables.

Knows patches of several images and which image each belongs to. Does not know text or files.
Attribute names of the encoder follow the published keys below `vit_model.vision_model.`.
Source: Zhai et al. 2023, "Sigmoid Loss for Language Image Pre-Training", arXiv:2303.15343.
"""

# n patches of all images, D width, N heads

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from omnipersona.model.bagel.config import PositionWaves, VisionConfig
from omnipersona.model.bagel.transformer import scaled_dot_product


class VisionAttention(nn.Module):
    """Full attention inside each image."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.num_heads = config.num_attention_heads
        self.q_proj = nn.Linear(width, width)
        self.k_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)

    def forward(self, x_nD: Tensor, lengths: list[int]) -> Tensor:
        """Map (n, D) to (n, D); images of equal length attend in one call."""
        q, k, v = (
            proj(x_nD).unflatten(-1, (self.num_heads, -1))
            for proj in (self.q_proj, self.k_proj, self.v_proj)
        )
        if len(set(lengths)) == 1:
            shape = (len(lengths), lengths[0])
            grid = [part.unflatten(0, shape).transpose(1, 2) for part in (q, k, v)]
            mixed = scaled_dot_product(grid[0], grid[1], grid[2])
            return self.out_proj(mixed.transpose(1, 2).flatten(2).flatten(0, 1))
        pieces = [
            scaled_dot_product(*(p.transpose(0, 1)[None] for p in parts))[0]
            for parts in zip(*(part.split(lengths) for part in (q, k, v)), strict=True)
        ]
        return self.out_proj(torch.cat([p.transpose(0, 1).flatten(1) for p in pieces]))


class VisionMLP(nn.Module):
    """Two linear layers with tanh-GELU."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.fc1 = nn.Linear(config.hidden_size, config.intermediate_size)
        self.fc2 = nn.Linear(config.intermediate_size, config.hidden_size)

    def forward(self, x_nD: Tensor) -> Tensor:
        """Map (n, D) to (n, D)."""
        return self.fc2(F.gelu(self.fc1(x_nD), approximate="tanh"))


class VisionLayer(nn.Module):
    """Pre-norm attention and feed-forward."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        width, eps = config.hidden_size, config.layer_norm_eps
        self.layer_norm1 = nn.LayerNorm(width, eps=eps)
        self.self_attn = VisionAttention(config)
        self.layer_norm2 = nn.LayerNorm(width, eps=eps)
        self.mlp = VisionMLP(config)

    def forward(self, x_nD: Tensor, lengths: list[int]) -> Tensor:
        """Map (n, D) to (n, D)."""
        x_nD = x_nD + self.self_attn(self.layer_norm1(x_nD), lengths)
        return x_nD + self.mlp(self.layer_norm2(x_nD))


class VisionEncoder(nn.Module):
    """Patch embedding, learned positions, encoder layers and the applied post-norm."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        width = config.hidden_size
        num_positions = (config.image_size // config.patch_size) ** 2
        patch_width = config.num_channels * config.patch_size**2
        self.patch_embedding = nn.Linear(patch_width, width)
        # Uniform, because a normal start on the meta device makes torch load its compiler (10 s).
        start = torch.empty(num_positions, width).uniform_(-1.0, 1.0)
        self.position_embedding = nn.Embedding.from_pretrained(start, freeze=False)
        self.layers = nn.ModuleList(VisionLayer(config) for _ in range(config.num_kept_layers))
        self.post_layernorm = nn.LayerNorm(width, eps=config.layer_norm_eps)

    def forward(self, patches_nP: Tensor, position_ids_n: Tensor, lengths: list[int]) -> Tensor:
        """Return features (n, D).

        Args:
            patches_nP: Flattened patches, (row, column, channel) order, channel fastest.
            position_ids_n: `row * grid side + column`.
            lengths: Patches of each image; they sum to n.
        """
        patches_nP = patches_nP.to(self.patch_embedding.weight)
        places = self.position_embedding(position_ids_n.to(patches_nP.device))
        x_nD = self.patch_embedding(patches_nP) + places
        for layer in self.layers:
            x_nD = layer(x_nD, lengths)
        return self.post_layernorm(x_nD)


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
