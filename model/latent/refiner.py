"""Convolutions over latents as a picture, for what one token at a time predicts poorly.

A token is a few cells of the latent picture squeezed through the decoder's width; noise in it, and
edges that cross into the next token, are easier for neighbours to tell. Knows rows and noisy
latents. Does not know time, which the rows carry.
"""

# n tokens of all pictures, D width, E numbers per token, B pictures of one shape, K channels

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from omnipersona.model.config import ModelConfig
from omnipersona.model.vision.images import grid_shapes


class Refiner(nn.Module):
    """Adds to the output of `llm2vae`; its last convolution starts at zero."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        channels, self.patch = config.refiner_width, config.latent_patch_size
        self.side = config.max_latent_size
        latent = config.autoencoder.z_channels
        self.from_rows = nn.Linear(config.text.hidden_size, channels * self.patch**2)
        self.conv_in = nn.Conv2d(channels + latent, channels, 3, padding=1)
        self.conv_mid = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv_out = nn.Conv2d(channels, latent, 3, padding=1)
        self.start()

    def start(self) -> None:
        """Let it add nothing."""
        nn.init.zeros_(self.conv_out.weight)
        assert self.conv_out.bias is not None, "convolutions have one by default"
        nn.init.zeros_(self.conv_out.bias)

    def forward(
        self, rows_nD: Tensor, x_t: Tensor, position_ids: Tensor, lengths: list[int]
    ) -> Tensor:
        """Return what is added to the output, (n, E).

        Args:
            rows_nD: Final rows of latent tokens.
            x_t: Noisy latents (n, E).
            position_ids: Of the tokens, (n,).
            lengths: Tokens of each picture.
        """
        told_nC = self.from_rows(rows_nD)
        shapes = grid_shapes(position_ids, lengths, self.side)
        pieces = zip(told_nC.split(lengths), x_t.split(lengths), shapes, strict=True)
        if len(set(shapes)) == 1:
            return self._refined(told_nC, x_t, shapes[0])
        return torch.cat([self._refined(told, noisy, shape) for told, noisy, shape in pieces])

    def _refined(self, told_nC: Tensor, x_t: Tensor, shape: tuple[int, int]) -> Tensor:
        rows, columns = shape
        layout = {"h": rows, "w": columns, "p": self.patch, "q": self.patch}
        to_grid = "(b h w) (p q c) -> b c (h p) (w q)"
        seen = [rearrange(part, to_grid, **layout) for part in (told_nC, x_t.to(told_nC.dtype))]
        hidden_BKYX = F.silu(self.conv_in(torch.cat(seen, dim=1)))
        hidden_BKYX = hidden_BKYX + F.silu(self.conv_mid(hidden_BKYX))
        added_BZYX = self.conv_out(hidden_BKYX)
        return rearrange(added_BZYX, "b c (h p) (w q) -> (b h w) (p q c)", **layout)
