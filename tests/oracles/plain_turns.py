"""Turns, drawing and training losses of the plain model: every forward reads everything again."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from oracles.plain_bagel import Mode, PlainBagel, Row
from oracles.plain_vae import PlainVae
from torch import Tensor


def to_tokens(latents: Tensor, patch: int) -> Tensor:
    """Cut latents (C, Y, X) into tokens, (row, column, channel) order inside a token."""
    _, height, width = latents.shape
    cells = [
        latents[:, r : r + patch, c : c + patch].permute(1, 2, 0).reshape(-1)
        for r in range(0, height, patch)
        for c in range(0, width, patch)
    ]
    return torch.stack(cells)


def from_tokens(tokens: Tensor, rows: int, columns: int, patch: int) -> Tensor:
    """Lay tokens out as latents (C, Y, X)."""
    channels = tokens.shape[1] // patch**2
    out = torch.zeros(channels, rows * patch, columns * patch)
    for i, token in enumerate(tokens):
        r, c = i // columns * patch, i % columns * patch
        out[:, r : r + patch, c : c + patch] = token.reshape(patch, patch, channels).permute(
            2, 0, 1
        )
    return out


@dataclass
class Turn:
    """Rows of one sample, or of one context of a drawing."""

    net: PlainBagel
    special: dict[str, int]
    rows: list[Row] = field(default_factory=list)
    next_position: int = 0
    sample: int = 0
    text_at: list[int] = field(default_factory=list)
    text_ids: list[int] = field(default_factory=list)
    vit_at: list[int] = field(default_factory=list)
    gen_at: list[int] = field(default_factory=list)
    target_at: list[int] = field(default_factory=list)
    targets: list[Tensor] = field(default_factory=list)
    labels: list[tuple[int, int]] = field(default_factory=list)

    def copy(self) -> "Turn":
        return Turn(self.net, self.special, list(self.rows), self.next_position)

    @property
    def counts(self) -> list[int]:
        return [len(self.rows), self.next_position]

    def _row(self, vector: Tensor, expert: Any, block: int, mode: Mode) -> None:
        self.rows.append(Row(vector, expert, self.next_position, block, mode, self.sample))

    def _token(self, token: int, block: int, mode: Mode) -> None:
        self.text_at.append(len(self.rows))
        self.text_ids.append(token)
        self._row(self.net.embedding(token), "und", block, mode)

    def text(self, ids: Tensor, *, has_loss: bool = False) -> None:
        block = len(self.rows)
        all_ids = [self.special["bos_token_id"], *ids.tolist(), self.special["eos_token_id"]]
        for i, token in enumerate(all_ids):
            if has_loss and i + 1 < len(all_ids):
                self.labels.append((len(self.rows), all_ids[i + 1]))
            self._token(token, block, "causal")
            self.next_position += 1

    def seen(self, pixels: Tensor) -> None:
        block = len(self.rows)
        self._token(self.special["start_of_image"], block, "full")
        for vector in self.net.vision(pixels):
            self.vit_at.append(len(self.rows))
            self._row(vector, "und", block, "full")
        self._token(self.special["end_of_image"], block, "full")
        self.next_position += 1

    def painted(self, tokens: Tensor, columns: int, t: float, target: Tensor | None) -> None:
        """Add a latent block; a `target` (velocity of each token) makes it a noise block."""
        block, mode = len(self.rows), "full" if target is None else "noise"
        self._token(self.special["start_of_image"], block, mode)  # type: ignore[arg-type]  # one of two modes
        for i, token in enumerate(tokens):
            place = i // columns * self.net.latent_side + i % columns
            self.gen_at.append(len(self.rows))
            if target is not None:
                self.target_at.append(len(self.rows))
                self.targets.append(target[i])
            self._row(self.net.latent(token, t, place), "gen", block, mode)  # type: ignore[arg-type]  # one of two modes
        self._token(self.special["end_of_image"], block, mode)  # type: ignore[arg-type]  # one of two modes
        self.next_position += 0 if target is not None else 1

    def velocity(self, x: Tensor, columns: int, t: float) -> Tensor:
        """Read a noisy block after these rows, which stay as they are."""
        longer = self.copy()
        longer.painted(x, columns, t, x)
        hidden = longer.net.decode(longer.rows)
        return torch.stack([longer.net.linear(hidden[i], "llm2vae") for i in longer.gen_at])


def times(points: int, shift: float) -> list[float]:
    """Return a falling grid of `points` shifted times."""
    even = [1 - i / (points - 1) for i in range(points)]
    return [shift * u / (1 + (shift - 1) * u) for u in even]


@dataclass(kw_only=True)
class Scales:
    """Guidance of a drawing, with the published defaults of text-to-image."""

    text: float = 4.0
    image: float = 1.0
    interval: tuple[float, float] = (0.4, 1.0)
    renorm: str = "global"
    low: float = 0.0


def guide(v: Tensor, v_text: Tensor, v_image: Tensor, scales: Scales) -> Tensor:
    """Mix three velocities."""
    w = v_text + scales.text * (v - v_text)
    if scales.renorm == "text_channel":
        w = torch.stack([_shrunk(a, b, scales.low) for a, b in zip(w, v, strict=True)])
    if scales.image > 1:
        w = v_image + scales.image * (w - v_image)
    if scales.renorm == "channel":
        return torch.stack([_shrunk(a, b, scales.low) for a, b in zip(w, v, strict=True)])
    return _shrunk(w, v, scales.low) if scales.renorm == "global" else w


def _shrunk(w: Tensor, v: Tensor, low: float) -> Tensor:
    ratio = math.sqrt(float((v**2).sum())) / (math.sqrt(float((w**2).sum())) + 1e-8)
    return w * min(max(ratio, low), 1.0)


def draw(
    contexts: dict[str, Turn], noise: Tensor, columns: int, scales: Scales, points: int = 7
) -> Tensor:
    """Walk from noise to clean tokens."""
    x, grid = noise, times(points, 3.0)
    for t, t_next in zip(grid, grid[1:], strict=False):
        v = contexts["full"].velocity(x, columns, t)
        if scales.text > 1 and scales.interval[0] < t <= scales.interval[1]:
            v_text = contexts["cfg_text"].velocity(x, columns, t)
            is_free = scales.image <= 1 or contexts["cfg_img"] is contexts["full"]
            v_image = v if is_free else contexts["cfg_img"].velocity(x, columns, t)
            v = guide(v, v_text, v_image, scales)
        x = x - v * (t - t_next)
    return x


@dataclass
class Losses:
    """Rows of a training pack and its two losses, as the published packing names them."""

    turns: list[Turn]
    ce: Tensor
    mse: Tensor

    def indexes(self, pick: Callable[[Turn], list[int]]) -> Tensor:
        """Return places in the pack, samples one after the other."""
        start, found = 0, []
        for turn in self.turns:
            found += [start + at for at in pick(turn)]
            start += len(turn.rows)
        return torch.tensor(found, dtype=torch.long)


def losses(turns: list[Turn]) -> Losses:
    """Return cross-entropies per label and squared errors per target token and number."""
    ce, mse = [], []
    for turn in turns:
        hidden = turn.net.decode(turn.rows)
        for at, label in turn.labels:
            logits = turn.net.logits(hidden[at])
            ce.append(
                torch.log(torch.exp(logits - logits.max()).sum()) + logits.max() - logits[label]
            )
        for at, target in zip(turn.target_at, turn.targets, strict=True):
            mse.append((turn.net.linear(hidden[at], "llm2vae") - target) ** 2)
    return Losses(turns, torch.stack(ce), torch.stack(mse))


def encoded(vae: PlainVae, pixels: list[Tensor], eps: Tensor, factor: int) -> list[Tensor]:
    """Encode pictures zero-padded to the largest, and crop each."""
    height, width = (max(p.shape[i] for p in pixels) for i in (1, 2))
    out = []
    for one, noise in zip(pixels, eps, strict=True):
        padded = torch.zeros(3, height, width)
        padded[:, : one.shape[1], : one.shape[2]] = one
        latents = vae.encode(padded, noise)
        out.append(latents[:, : one.shape[1] // factor, : one.shape[2] // factor])
    return out
