"""The picture autoencoder, block by block from a checkpoint's own keys."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


class PlainVae:
    """Encodes and decodes one picture with the tensors of `ae.safetensors`."""

    def __init__(self, tensors: dict[str, Tensor], config: dict[str, Any]) -> None:
        self.w = tensors
        self.config = config
        self.groups = int(config.get("num_groups", 32))

    def conv(self, x: Tensor, key: str, **how: int) -> Tensor:
        return F.conv2d(x, self.w[f"{key}.weight"], self.w[f"{key}.bias"], **how)

    def norm(self, x: Tensor, key: str) -> Tensor:
        groups = x.reshape(self.groups, -1)
        centred = groups - groups.mean(1, keepdim=True)
        scaled = centred / torch.sqrt((centred**2).mean(1, keepdim=True) + 1e-6)
        shape = (1, -1, 1, 1)
        return scaled.reshape(x.shape) * self.w[f"{key}.weight"].reshape(shape) + self.w[
            f"{key}.bias"
        ].reshape(shape)

    def swish(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(x)

    def res(self, x: Tensor, key: str) -> Tensor:
        h = self.conv(self.swish(self.norm(x, f"{key}.norm1")), f"{key}.conv1", padding=1)
        h = self.conv(self.swish(self.norm(h, f"{key}.norm2")), f"{key}.conv2", padding=1)
        has_shortcut = f"{key}.nin_shortcut.weight" in self.w
        return h + (self.conv(x, f"{key}.nin_shortcut") if has_shortcut else x)

    def attention(self, x: Tensor, key: str) -> Tensor:
        normed = self.norm(x, f"{key}.norm")
        q, k, v = (self.conv(normed, f"{key}.{part}")[0].flatten(1) for part in "qkv")
        weights = torch.softmax(q.T @ k / q.shape[0] ** 0.5, dim=1)
        return x + self.conv((v @ weights.T).reshape(x.shape), f"{key}.proj_out")

    def middle(self, x: Tensor, side: str) -> Tensor:
        x = self.attention(self.res(x, f"{side}.mid.block_1"), f"{side}.mid.attn_1")
        return self.res(x, f"{side}.mid.block_2")

    def encode(self, pixels: Tensor, eps: Tensor) -> Tensor:
        """Return scaled latents (Z, Y/f, X/f) of pixels (3, Y, X)."""
        x = self.conv(pixels[None], "encoder.conv_in", padding=1)
        levels = len(self.config["ch_mult"])
        for level in range(levels):
            for block in range(self.config["num_res_blocks"]):
                x = self.res(x, f"encoder.down.{level}.block.{block}")
            if level < levels - 1:
                x = torch.nn.functional.pad(x, (0, 1, 0, 1))
                x = self.conv(x, f"encoder.down.{level}.downsample.conv", stride=2)
        x = self.swish(self.norm(self.middle(x, "encoder"), "encoder.norm_out"))
        mean, logvar = self.conv(x, "encoder.conv_out", padding=1)[0].chunk(2)
        z = mean + torch.exp(logvar / 2) * eps
        return float(self.config["scale_factor"]) * (z - float(self.config["shift_factor"]))

    def decode(self, latents: Tensor) -> Tensor:
        """Return pixels (3, Y, X) of scaled latents."""
        z = latents / self.config["scale_factor"] + self.config["shift_factor"]
        x = self.middle(self.conv(z[None], "decoder.conv_in", padding=1), "decoder")
        for level in reversed(range(len(self.config["ch_mult"]))):
            for block in range(self.config["num_res_blocks"] + 1):
                x = self.res(x, f"decoder.up.{level}.block.{block}")
            if level > 0:
                x = x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
                x = self.conv(x, f"decoder.up.{level}.upsample.conv", padding=1)
        x = self.swish(self.norm(x, "decoder.norm_out"))
        pixels: Tensor = self.conv(x, "decoder.conv_out", padding=1)[0]
        return pixels
