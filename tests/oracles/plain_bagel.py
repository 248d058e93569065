"""The architecture as plainly as it can be written, straight from its description.

Reads a checkpoint's own keys. One row at a time goes through its expert's weights, attention is an
explicit softmax over the rows it may see; no packing, no cache, no fused kernel, none of our code.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import load_file
from torch import Tensor

Expert = Literal["und", "gen"]
Mode = Literal["causal", "full", "noise"]


@dataclass
class Row:
    """One token: its embedding, expert, RoPE id, block and the block's mode."""

    vector: Tensor
    expert: Expert
    position: int
    block: int
    mode: Mode
    sample: int = 0


def sincos(side: int, width: int) -> Tensor:
    """Return the fixed table, one number at a time."""
    table = torch.zeros(side * side, width, dtype=torch.float64)
    quarter = width // 4
    for r in range(side):
        for c in range(side):
            for half, place in ((0, c), (1, r)):
                for k in range(quarter):
                    angle = place * 10000.0 ** (-k / quarter)
                    table[r * side + c, half * 2 * quarter + k] = math.sin(angle)
                    table[r * side + c, half * 2 * quarter + quarter + k] = math.cos(angle)
    return table.float()


def may_see(row: Row, other: Row, *, is_earlier: bool) -> bool:
    """Say whether `row` may look at `other`."""
    if row.sample != other.sample:
        return False
    if row.block == other.block:
        return is_earlier or row.mode != "causal"
    return is_earlier and other.mode != "noise"


def gelu(x: Tensor) -> Tensor:
    """Return the tanh form of GELU."""
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def silu(x: Tensor) -> Tensor:
    return x / (1 + torch.exp(-x))


def softmax_mix(scores: Tensor, values: Tensor) -> Tensor:
    """Return values (J, H) mixed by scores (J,)."""
    weights = torch.exp(scores - scores.max())
    return (weights[:, None] * values).sum(0) / weights.sum()


class PlainBagel:
    """A checkpoint folder, computed slowly."""

    def __init__(self, folder: Path) -> None:
        self.llm, self.vit, self.extra = (
            json.loads((folder / f"{name}.json").read_text())
            for name in ("llm_config", "vit_config", "config")
        )
        self.w = load_file(folder / "ema.safetensors")
        self.ae = load_file(folder / "ae.safetensors")
        self.vae: dict[str, Any] = self.extra["vae_config"]
        self.width = self.llm["hidden_size"]
        self.latent_side = self.extra["max_latent_size"]
        self.vit_side = self.extra["vit_max_num_patch_per_side"]
        self.latent_positions = sincos(self.latent_side, self.width)
        self.vit_positions = sincos(self.vit_side, self.width)

    def linear(self, x: Tensor, key: str) -> Tensor:
        out = self.w[f"{key}.weight"] @ x
        return out + self.w[f"{key}.bias"] if f"{key}.bias" in self.w else out

    def rms(self, x: Tensor, key: str) -> Tensor:
        scale = torch.sqrt((x**2).mean() + self.llm["rms_norm_eps"])
        return x / scale * self.w[f"{key}.weight"]

    def layer_norm(self, x: Tensor, key: str) -> Tensor:
        centred = x - x.mean()
        scale = torch.sqrt((centred**2).mean() + self.vit["layer_norm_eps"])
        return centred / scale * self.w[f"{key}.weight"] + self.w[f"{key}.bias"]

    # Decoder

    def rope(self, x: Tensor, position: int) -> Tensor:
        half = len(x) // 2
        k = torch.arange(half, dtype=torch.float32)
        angle = position * self.llm["rope_theta"] ** (-2 * k / len(x))
        a, b = x[:half], x[half:]
        cos, sin = torch.cos(angle), torch.sin(angle)
        return torch.cat([a * cos - b * sin, b * cos + a * sin])

    def heads(self, x: Tensor, row: Row, layer: str, part: str) -> list[Tensor]:
        twin = "_moe_gen" if row.expert == "gen" else ""
        count = self.llm["num_attention_heads" if part == "q" else "num_key_value_heads"]
        out = self.linear(x, f"{layer}.self_attn.{part}_proj{twin}").chunk(count)
        if part == "v":
            return list(out)
        norm = f"{layer}.self_attn.{part}_norm{twin}"
        return [self.rope(self.rms(head, norm), row.position) for head in out]

    def attend(self, rows: list[Row], hidden: list[Tensor], layer: str) -> list[Tensor]:
        normed = [
            self.rms(x, f"{layer}.input_layernorm{'_moe_gen' if row.expert == 'gen' else ''}")
            for x, row in zip(hidden, rows, strict=True)
        ]
        q, k, v = (
            [self.heads(x, row, layer, part) for x, row in zip(normed, rows, strict=True)]
            for part in "qkv"
        )
        num_heads, num_kv = self.llm["num_attention_heads"], self.llm["num_key_value_heads"]
        out = []
        for i, row in enumerate(rows):
            seen = [j for j, other in enumerate(rows) if may_see(row, other, is_earlier=j <= i)]
            mixed = []
            for head in range(num_heads):
                kv = head // (num_heads // num_kv)
                keys = torch.stack([k[j][kv] for j in seen])
                values = torch.stack([v[j][kv] for j in seen])
                mixed.append(softmax_mix(keys @ q[i][head] / len(q[i][head]) ** 0.5, values))
            twin = "_moe_gen" if row.expert == "gen" else ""
            out.append(self.linear(torch.cat(mixed), f"{layer}.self_attn.o_proj{twin}"))
        return out

    def feed_forward(self, x: Tensor, row: Row, layer: str) -> Tensor:
        twin = "_moe_gen" if row.expert == "gen" else ""
        normed = self.rms(x, f"{layer}.post_attention_layernorm{twin}")
        gate = silu(self.linear(normed, f"{layer}.mlp{twin}.gate_proj"))
        up = self.linear(normed, f"{layer}.mlp{twin}.up_proj")
        return self.linear(gate * up, f"{layer}.mlp{twin}.down_proj")

    def decode(self, rows: list[Row]) -> list[Tensor]:
        """Return the final normed vector of each row."""
        hidden = [row.vector for row in rows]
        for i in range(self.llm["num_hidden_layers"]):
            layer = f"language_model.model.layers.{i}"
            attended = self.attend(rows, hidden, layer)
            hidden = [x + a for x, a in zip(hidden, attended, strict=True)]
            hidden = [
                x + self.feed_forward(x, row, layer) for x, row in zip(hidden, rows, strict=True)
            ]
        return [
            self.rms(x, f"language_model.model.norm{'_moe_gen' if row.expert == 'gen' else ''}")
            for x, row in zip(hidden, rows, strict=True)
        ]

    def logits(self, hidden: Tensor) -> Tensor:
        return self.linear(hidden, "language_model.lm_head")

    def embedding(self, token: int) -> Tensor:
        return self.w["language_model.model.embed_tokens.weight"][token]

    # Pictures

    def patches(self, pixels: Tensor) -> tuple[Tensor, list[int]]:
        """Return patches in (row, column, channel) order and their position ids."""
        size = self.vit["patch_size"]
        rows, columns = pixels.shape[1] // size, pixels.shape[2] // size
        cut, ids = [], []
        for r in range(rows):
            for c in range(columns):
                cell = pixels[:, r * size : (r + 1) * size, c * size : (c + 1) * size]
                cut.append(cell.permute(1, 2, 0).reshape(-1))
                ids.append(r * self.vit_side + c)
        return torch.stack(cut), ids

    def vision(self, pixels: Tensor) -> list[Tensor]:
        """Return decoder vectors of a picture's patches."""
        root = "vit_model.vision_model"
        cut, ids = self.patches(pixels)
        places = self.w[f"{root}.embeddings.position_embedding.weight"]
        x = [
            self.linear(patch, f"{root}.embeddings.patch_embedding") + places[i]
            for patch, i in zip(cut, ids, strict=True)
        ]
        for j in range(self.vit["num_hidden_layers"] - 1):
            x = self.vision_layer(x, f"{root}.encoder.layers.{j}")
        features = [self.layer_norm(one, f"{root}.post_layernorm") for one in x]
        return [
            self.linear(gelu(self.linear(one, "connector.fc1")), "connector.fc2")
            + self.vit_positions[i]
            for one, i in zip(features, ids, strict=True)
        ]

    def vision_layer(self, x: list[Tensor], layer: str) -> list[Tensor]:
        count = self.vit["num_attention_heads"]
        normed = [self.layer_norm(one, f"{layer}.layer_norm1") for one in x]
        q, k, v = (
            [self.linear(one, f"{layer}.self_attn.{part}_proj").chunk(count) for one in normed]
            for part in "qkv"
        )
        attended = []
        for i in range(len(x)):
            mixed = []
            for head in range(count):
                keys = torch.stack([one[head] for one in k])
                values = torch.stack([one[head] for one in v])
                mixed.append(softmax_mix(keys @ q[i][head] / len(q[i][head]) ** 0.5, values))
            attended.append(self.linear(torch.cat(mixed), f"{layer}.self_attn.out_proj"))
        x = [one + a for one, a in zip(x, attended, strict=True)]
        normed = [self.layer_norm(one, f"{layer}.layer_norm2") for one in x]
        fed = [
            self.linear(gelu(self.linear(n, f"{layer}.mlp.fc1")), f"{layer}.mlp.fc2")
            for n in normed
        ]
        return [one + f for one, f in zip(x, fed, strict=True)]

    def time(self, t: float) -> Tensor:
        k = torch.arange(128, dtype=torch.float32)
        angle = t * torch.exp(-math.log(10000.0) * k / 128)
        waves = torch.cat([torch.cos(angle), torch.sin(angle)])
        return self.linear(silu(self.linear(waves, "time_embedder.mlp.0")), "time_embedder.mlp.2")

    def latent(self, token: Tensor, t: float, place: int) -> Tensor:
        return self.linear(token, "vae2llm") + self.time(t) + self.latent_positions[place]
