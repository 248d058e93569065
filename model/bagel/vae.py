"""The autoencoder of pictures in FLUX's layout, and its latents as the decoder's tokens.

Knows pixels in [-1, 1] and latents. Does not know sequences or flow. Attribute names are the
published keys of `ae.safetensors`, so the state dict needs no map. A latent picture (C, h * s,
w * s) becomes h * w tokens of s * s * C numbers, (row, column, channel) order inside a token,
channel fastest; tokens run row by row.
Source: Black Forest Labs, FLUX.1 autoencoder (Apache-2.0), written from its specification.
"""

# B pictures, C channels, Z latent channels, Y rows, X columns

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from omnipersona.model.bagel.config import AutoencoderConfig
from omnipersona.model.bagel.transformer import scaled_dot_product

_EPS = 1e-6


class ResBlock(nn.Module):
    """Two 3x3 convolutions with group norm, and a 1x1 shortcut where the width changes."""

    def __init__(self, in_channels: int, out_channels: int, num_groups: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(num_groups, in_channels, eps=_EPS)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.norm2 = nn.GroupNorm(num_groups, out_channels, eps=_EPS)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.nin_shortcut = (
            nn.Conv2d(in_channels, out_channels, 1) if in_channels != out_channels else None
        )

    def forward(self, x_BCYX: Tensor) -> Tensor:
        """Map (B, in, Y, X) to (B, out, Y, X)."""
        hidden = self.conv1(F.silu(self.norm1(x_BCYX)))
        hidden = self.conv2(F.silu(self.norm2(hidden)))
        shortcut = x_BCYX if self.nin_shortcut is None else self.nin_shortcut(x_BCYX)
        return shortcut + hidden


class AttnBlock(nn.Module):
    """One attention head over all pixels, with a residual."""

    def __init__(self, channels: int, num_groups: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(num_groups, channels, eps=_EPS)
        self.q = nn.Conv2d(channels, channels, 1)
        self.k = nn.Conv2d(channels, channels, 1)
        self.v = nn.Conv2d(channels, channels, 1)
        self.proj_out = nn.Conv2d(channels, channels, 1)

    def forward(self, x_BCYX: Tensor) -> Tensor:
        """Map (B, C, Y, X) to the same shape."""
        normed = self.norm(x_BCYX)
        # Contiguous, because SDPA has no fast kernel for rows of another stride.
        q, k, v = (
            conv(normed).flatten(2).transpose(1, 2).contiguous()[:, None]
            for conv in (self.q, self.k, self.v)
        )
        mixed = scaled_dot_product(q, k, v)[:, 0].transpose(1, 2)
        return x_BCYX + self.proj_out(mixed.reshape(x_BCYX.shape))


class Downsample(nn.Module):
    """Halve the picture; pads only right and bottom, by one."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2)

    def forward(self, x_BCYX: Tensor) -> Tensor:
        """Map (B, C, Y, X) to (B, C, Y/2, X/2)."""
        return self.conv(F.pad(x_BCYX, (0, 1, 0, 1)))


class Upsample(nn.Module):
    """Double the picture by nearest neighbour, then convolve."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x_BCYX: Tensor) -> Tensor:
        """Map (B, C, Y, X) to (B, C, 2Y, 2X)."""
        return self.conv(F.interpolate(x_BCYX, scale_factor=2.0, mode="nearest"))


class Level(nn.Module):
    """The blocks of one resolution; `downsample` or `upsample` leads to the next one."""

    def __init__(self, widths: list[int], num_groups: int) -> None:
        super().__init__()
        self.block = nn.ModuleList(
            ResBlock(a, b, num_groups) for a, b in zip(widths, widths[1:], strict=False)
        )
        self.downsample: Downsample | None = None
        self.upsample: Upsample | None = None

    def forward(self, x_BCYX: Tensor) -> Tensor:
        """Run the blocks, then change the resolution if this level does."""
        for block in self.block:
            x_BCYX = block(x_BCYX)
        for resample in (self.downsample, self.upsample):
            if resample is not None:
                x_BCYX = resample(x_BCYX)
        return x_BCYX


class Middle(nn.Module):
    """Residual block, attention, residual block at the lowest resolution."""

    def __init__(self, channels: int, num_groups: int) -> None:
        super().__init__()
        self.block_1 = ResBlock(channels, channels, num_groups)
        self.attn_1 = AttnBlock(channels, num_groups)
        self.block_2 = ResBlock(channels, channels, num_groups)

    def forward(self, x_BCYX: Tensor) -> Tensor:
        """Map (B, C, Y, X) to the same shape."""
        return self.block_2(self.attn_1(self.block_1(x_BCYX)))


class Encoder(nn.Module):
    """Pixels to the mean and log-variance of the latents."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        widths = [config.ch * m for m in config.ch_mult]
        self.conv_in = nn.Conv2d(config.in_channels, config.ch, 3, padding=1)
        self.down = nn.ModuleList()
        for i, width in enumerate(widths):
            before = config.ch if i == 0 else widths[i - 1]
            level = Level([before] + [width] * config.num_res_blocks, config.num_groups)
            if i < len(widths) - 1:
                level.downsample = Downsample(width)
            self.down.append(level)
        self.mid = Middle(widths[-1], config.num_groups)
        self.norm_out = nn.GroupNorm(config.num_groups, widths[-1], eps=_EPS)
        self.conv_out = nn.Conv2d(widths[-1], 2 * config.z_channels, 3, padding=1)

    def forward(self, pixels_BCYX: Tensor) -> tuple[Tensor, Tensor]:
        """Map (B, 3, Y, X) to mean and log-variance, each (B, Z, Y/f, X/f)."""
        hidden = self.conv_in(pixels_BCYX)
        for level in self.down:
            hidden = level(hidden)
        hidden = self.conv_out(F.silu(self.norm_out(self.mid(hidden))))
        mean, logvar = hidden.chunk(2, dim=1)
        return mean, logvar


class Decoder(nn.Module):
    """Latents to pixels; `up.0` is the finest level and runs last."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        widths = [config.ch * m for m in config.decoder_levels]
        self.conv_in = nn.Conv2d(config.z_channels, widths[-1], 3, padding=1)
        self.mid = Middle(widths[-1], config.num_groups)
        self.up = nn.ModuleList()
        for i, width in enumerate(widths):
            before = widths[min(i + 1, len(widths) - 1)]
            level = Level([before] + [width] * (config.num_res_blocks + 1), config.num_groups)
            if i > 0:
                level.upsample = Upsample(width)
            self.up.append(level)
        self.norm_out = nn.GroupNorm(config.num_groups, widths[0], eps=_EPS)
        self.conv_out = nn.Conv2d(widths[0], config.out_ch, 3, padding=1)

    def forward(self, z_BZYX: Tensor) -> Tensor:
        """Map (B, Z, Y/f, X/f) to pixels (B, 3, m Y, m X), not clamped; m magnifies."""
        hidden = self.mid(self.conv_in(z_BZYX))
        for level in reversed(self.up):
            hidden = level(hidden)
        return self.conv_out(F.silu(self.norm_out(hidden)))


class Autoencoder(nn.Module):
    """Encoder and decoder with the latent scale and shift between them."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)

    def encode(self, pixels_BCYX: Tensor, eps_BZYX: Tensor | None = None) -> Tensor:
        """Return scaled latents (B, Z, Y/f, X/f) of pixels in [-1, 1], on the pixels' device.

        Args:
            pixels_BCYX: (B, 3, Y, X); Y and X multiples of the down-factor f.
            eps_BZYX: Standard normal posterior noise; None takes the mean.
        """
        mean, logvar = self.encoder(pixels_BCYX.to(self.device))
        z = mean if eps_BZYX is None else mean + torch.exp(0.5 * logvar) * eps_BZYX.to(mean)
        return (self.config.scale_factor * (z - self.config.shift_factor)).to(pixels_BCYX.device)

    def decode(self, latents_BZYX: Tensor) -> Tensor:
        """Return pixels (B, 3, m Y, m X), around [-1, 1] and not clamped, of scaled latents.

        `m` doubles with every level that the decoder has more than the encoder; it is 1 as
        published. They lie on the latents' device.
        """
        z = latents_BZYX.to(self.device) / self.config.scale_factor + self.config.shift_factor
        return self.decoder(z).to(latents_BZYX.device)

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        return self.decoder.conv_in.weight.device


def to_tokens(latents_CYX: Tensor, patch: int) -> Tensor:
    """Return tokens (h * w, patch * patch * C)."""
    return rearrange(latents_CYX, "c (h p) (w q) -> (h w) (p q c)", p=patch, q=patch)


def from_tokens(tokens_nE: Tensor, rows: int, columns: int, patch: int) -> Tensor:
    """Return latents (C, rows * patch, columns * patch)."""
    return rearrange(
        tokens_nE, "(h w) (p q c) -> c (h p) (w q)", h=rows, w=columns, p=patch, q=patch
    )
