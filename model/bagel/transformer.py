"""The Mixture-of-Transformers: twin weights for understanding and generation around one attention.

Knows packed rows of both experts, positions, masks and caches. Does not know pictures, words or
losses. Source: Deng et al. 2025, "Emerging Properties in Unified Multimodal Pretraining" (BAGEL),
arXiv:2505.14683; rotary positions in the half-split layout of Su et al. 2021, arXiv:2104.09864.

A sample is a row of blocks, each with a length and a mode. Three blocks, text of two rows, a
clean image of two and a noisy image of two, look like this (row looks at column):

    text   1 0  0 0  0 0      "causal": sees itself and what came before
           1 1  0 0  0 0
    image  1 1  1 1  0 0      "full": the whole block and what came before
           1 1  1 1  0 0
    noise  1 1  1 1  1 1      "noise": like full, but nothing after it may look at it
           1 1  1 1  1 1

A block may also lie on a side branch, numbered from 1: only blocks of the same branch look at it.

Rows of both experts lie packed without padding; attention runs on a padded grid (B sequences, T
rows), to which the layout's indices lead and from which they lead back.
"""

# B sequences, T grid rows, P past rows, S = P + T, U und rows, G gen rows, R rows of one expert
# N heads, K kv heads, H head dim, D width, V vocabulary

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Final, Literal, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from omnipersona.model.bagel.config import TextConfig
from omnipersona.model.bagel.kv_cache import KVCache, StepCache


def prepared(mask: Tensor) -> Tensor:
    """Return a mask for several calls; on processors PyTorch makes it anew from booleans in each.

    Args:
        mask: True where a query may look at a key.
    """
    if mask.device.type != "cpu":
        return mask
    return torch.zeros(mask.shape).masked_fill_(~mask, float("-inf"))


def scaled_dot_product(
    q_BNTH: Tensor, k_BNSH: Tensor, v_BNSH: Tensor, mask: Tensor | None = None
) -> Tensor:
    """Return softmax(q k / sqrt(H)) v, (B, N, T, H), of the values' type.

    Args:
        q_BNTH: Queries.
        k_BNSH: Keys.
        v_BNSH: Values.
        mask: Broadcasts to (B, N, T, S); True where a query may look at a key, or `prepared`.
    """
    if q_BNTH.device.type != "cpu":
        return F.scaled_dot_product_attention(q_BNTH, k_BNSH, v_BNSH, attn_mask=mask)
    # On processors PyTorch's bfloat16 attention is the slower one, backwards by half.
    with torch.autocast("cpu", enabled=False):
        mixed = F.scaled_dot_product_attention(
            q_BNTH.float(), k_BNSH.float(), v_BNSH.float(), attn_mask=mask
        )
    return mixed.to(v_BNSH.dtype)


def rope_tables(positions_BT: Tensor, head_dim: int, theta: float) -> tuple[Tensor, Tensor]:
    """Return cosine and sine tables, each (B, T, 1, H), float32.

    Args:
        positions_BT: RoPE ids, any integer type.
        head_dim: Width H of one head; even.
        theta: Base of the frequencies.
    """
    exponents = torch.arange(0, head_dim, 2, dtype=torch.float32, device=positions_BT.device)
    inv_freq = theta ** (-exponents / head_dim)
    angles = positions_BT[..., None].float() * inv_freq
    angles = torch.cat([angles, angles], dim=-1)[:, :, None, :]
    return angles.cos(), angles.sin()


def rotate(x_BTNH: Tensor, tables: tuple[Tensor, Tensor]) -> Tensor:
    """Rotate query or key vectors by their positions; same shape and type."""
    cos, sin = tables
    first, second = x_BTNH.chunk(2, dim=-1)
    turned = torch.cat([-second, first], dim=-1)
    return x_BTNH * cos.to(x_BTNH.dtype) + turned * sin.to(x_BTNH.dtype)


AttnMode = Literal["causal", "full", "noise"]


def sample_mask(
    split_lens: Sequence[int],
    attn_modes: Sequence[AttnMode],
    branches: Sequence[int] | None = None,
) -> Tensor:
    """Return the mask of one sample, (T, T) bool, True where row may look at column.

    Args:
        split_lens: Rows of each block.
        attn_modes: Mode of each block.
        branches: Side branch of each block, 0 for the trunk, where all lie by default.
    """
    total = sum(split_lens)
    block = torch.repeat_interleave(torch.arange(len(split_lens)), torch.tensor(split_lens))
    causal = torch.ones(total, total, dtype=torch.bool).tril()
    same_block = block[:, None] == block[None, :]
    is_causal = torch.tensor([mode == "causal" for mode in attn_modes])[block]
    is_noise = torch.tensor([mode == "noise" for mode in attn_modes])[block]
    allowed = causal | (same_block & ~is_causal[:, None])
    allowed &= same_block | ~is_noise[None, :]
    branch = torch.tensor(branches or [0] * len(split_lens))[block]
    return allowed & ((branch[None, :] == 0) | (branch[None, :] == branch[:, None]))


def pack_mask(masks: Sequence[Tensor]) -> Tensor:
    """Return the mask of a whole pack, (T, T): samples never see one another."""
    return torch.block_diag(*[mask.to(torch.uint8) for mask in masks]).bool()


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """Where packed rows lie on the padded grid, and who may look at whom.

    Attributes:
        row_at: (B, T) index into the und rows followed by the gen rows; padding points at row 0.
        und_at: (U,) flat grid place of each und row.
        gen_at: (G,) flat grid place of each gen row.
        positions: (B, T) RoPE ids.
        mask: (B, 1, T, P + T) bool, True where a row may look at a column (in the decoder
            `prepared`); padding rows look at something, so that no row is empty.
    """

    row_at: Tensor
    und_at: Tensor
    gen_at: Tensor
    positions: Tensor
    mask: Tensor

    def to(self, device: torch.device) -> Self:
        """Return it on another device, for layers that lie there."""
        moved = {field.name: getattr(self, field.name).to(device) for field in fields(self)}
        return replace(self, **moved)


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """Padded keys and values of several caches, per layer (B, P, K, H).

    Who is real is said on the host, where masks are made.
    """

    keys: list[Tensor]
    values: list[Tensor]
    is_real: Tensor

    @classmethod
    def of(cls, caches: list[KVCache], multiple: int = 1) -> "Past | None":
        """Pad `caches` to one length, a multiple of some rows; None when all are empty."""
        longest = max(cache.length for cache in caches)
        if longest == 0:
            return None
        longest += -longest % multiple
        filled = next(cache for cache in caches if cache.keys)
        num_layers = len(filled.keys)
        lengths = torch.tensor([cache.length for cache in caches])
        columns = torch.arange(longest)

        def padded(name: str, layer: int) -> Tensor:
            empty = filled.keys[layer][:0]
            rows = [getattr(c, name)[layer] if c.keys else empty for c in caches]
            return torch.stack([F.pad(r, (0, 0, 0, 0, 0, longest - r.shape[0])) for r in rows])

        return cls(
            keys=[padded("keys", i) for i in range(num_layers)],
            values=[padded("values", i) for i in range(num_layers)],
            is_real=columns[None, :] < lengths[:, None],
        )


def attend(q_BTNH: Tensor, k_BSKH: Tensor, v_BSKH: Tensor, mask: Tensor) -> Tensor:
    """Return softmax(q k / sqrt(H)) v, (B, T, N * H); query head h uses kv head h // (N / K)."""
    repeats = q_BTNH.shape[2] // k_BSKH.shape[2]
    if repeats > 1:
        k_BSKH = k_BSKH.repeat_interleave(repeats, dim=2)
        v_BSKH = v_BSKH.repeat_interleave(repeats, dim=2)
    q, k, v = (part.transpose(1, 2) for part in (q_BTNH, k_BSKH, v_BSKH))
    mixed = scaled_dot_product(q, k, v, mask)
    return mixed.transpose(1, 2).flatten(2)


def to_grid(parts: tuple[Tensor, ...], layout: Layout) -> Tensor:
    """Lay packed rows (R, ...), those of und before those of gen, out on the grid (B, T, ...)."""
    batch, length = layout.row_at.shape
    picked = torch.cat(parts).index_select(0, layout.row_at.flatten())
    return picked.view(batch, length, *picked.shape[1:])


class RMSNorm(nn.Module):
    """Root-mean-square norm with float32 statistics."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last dimension; the weight multiplies after the cast back."""
        wide = x.float()
        normed = wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.eps)
        return self.weight * normed.to(x.dtype)


class MLP(nn.Module):
    """Gated SiLU feed-forward."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.up_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, x_RD: Tensor) -> Tensor:
        """Map (R, D) to (R, D)."""
        return self.down_proj(F.silu(self.gate_proj(x_RD)) * self.up_proj(x_RD))


class Expert(nn.Module):
    """One expert's weights of one layer; attention itself is shared."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        width, head_dim = config.hidden_size, config.head_dim
        kv_width = config.num_key_value_heads * head_dim
        self.head_dim = head_dim
        self.input_layernorm = RMSNorm(width, config.rms_norm_eps)
        self.q_proj = nn.Linear(width, width)
        self.k_proj = nn.Linear(width, kv_width)
        self.v_proj = nn.Linear(width, kv_width)
        self.q_norm = RMSNorm(head_dim, config.rms_norm_eps)
        self.k_norm = RMSNorm(head_dim, config.rms_norm_eps)
        self.o_proj = nn.Linear(width, width, bias=False)
        self.post_attention_layernorm = RMSNorm(width, config.rms_norm_eps)
        self.mlp = MLP(config)

    def project(self, x_RD: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return query (R, N, H), key (R, K, H), both normed per head, and value (R, K, H)."""
        normed = self.input_layernorm(x_RD)
        q = self.q_proj(normed).unflatten(-1, (-1, self.head_dim))
        k = self.k_proj(normed).unflatten(-1, (-1, self.head_dim))
        v = self.v_proj(normed).unflatten(-1, (-1, self.head_dim))
        return self.q_norm(q), self.k_norm(k), v

    def finish(self, x_RD: Tensor, attended_RD: Tensor) -> Tensor:
        """Add the attention's output and the feed-forward to the residual stream."""
        x_RD = x_RD + self.o_proj(attended_RD)
        return x_RD + self.mlp(self.post_attention_layernorm(x_RD))


class DecoderLayer(nn.Module):
    """Both experts of one layer around a joint attention."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.und = Expert(config)
        self.gen = Expert(config)

    def forward(
        self,
        und_UD: Tensor,
        gen_GD: Tensor,
        layout: Layout,
        rope: tuple[Tensor, Tensor],
        past: tuple[Tensor, Tensor] | None,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Run the layer.

        Args:
            und_UD: Rows of the understanding expert.
            gen_GD: Rows of the generation expert; may be empty, as may `und_UD`.
            layout: Grid places, mask.
            rope: Tables of `rope_tables` for the grid.
            past: Padded keys and values before these rows, each (B, P, K, H).

        Returns:
            und rows, gen rows, and this call's keys and values on the grid (B, T, K, H).
        """
        sides = ((self.und, und_UD), (self.gen, gen_GD))
        projected = [expert.project(rows) for expert, rows in sides if rows.shape[0]]
        q, k, v = (to_grid(parts, layout) for parts in zip(*projected, strict=True))
        q, k = rotate(q, rope), rotate(k, rope)
        all_k = k if past is None else torch.cat([past[0], k], dim=1)
        all_v = v if past is None else torch.cat([past[1], v], dim=1)
        attended = attend(q, all_k, all_v, layout.mask).flatten(0, 1)
        if und_UD.shape[0]:
            und_UD = self.und.finish(und_UD, attended.index_select(0, layout.und_at))
        if gen_GD.shape[0]:
            gen_GD = self.gen.finish(gen_GD, attended.index_select(0, layout.gen_at))
        return und_UD, gen_GD, k, v


_MAX_SHAPES: Final = 64

_Run = Callable[..., tuple[Tensor, Tensor, Tensor, Tensor]]


class Decoder(nn.Module):
    """Mixture-of-Transformers decoder: und and gen twins, joint attention, two final norms.

    Attributes:
        recomputes: Keep only what goes into a layer, and run it again in the backward pass: a
            fraction of the memory, a third more time (Chen et al. 2016, arXiv:1604.06174).
    """

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.config = config
        self.recomputes = False
        self._compiled: list[_Run] = []
        # Uniform, because a normal start on the meta device makes torch load its compiler (10 s).
        start = torch.empty(config.vocab_size, config.hidden_size).uniform_(-1.0, 1.0)
        self.embed_tokens = nn.Embedding.from_pretrained(start, freeze=False)
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.num_hidden_layers))
        self.und_norm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.gen_norm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)

    def compile_drawing(self) -> None:
        """Compile the layers for the steps of drawings, once per shape; reading stays as it is."""
        torch._dynamo.config.recompile_limit = _MAX_SHAPES
        self._compiled = [torch.compile(layer, dynamic=False) for layer in self.layers]

    def compile_training(self) -> None:
        """Compile both halves of every expert around the attention, for rows of any number.

        Where nothing can be compiled they run as they are.
        """
        torch._dynamo.config.suppress_errors = True
        for layer in self.layers:
            for expert in layer.modules():
                if not isinstance(expert, Expert):
                    continue
                expert.project = torch.compile(expert.project, dynamic=True)  # type: ignore[method-assign]  # for this one
                expert.finish = torch.compile(expert.finish, dynamic=True)  # type: ignore[method-assign]  # for this one

    @property
    def is_compiled(self) -> bool:
        """Whether steps of drawings run compiled, so that few shapes are faster than many."""
        return bool(self._compiled)

    def forward(
        self,
        und_UD: Tensor,
        gen_GD: Tensor,
        layout: Layout,
        past: Past | None = None,
        grow: list[KVCache] | None = None,
        step_cache: StepCache | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Run all layers, or those that a step cache asks for, and the final norms.

        Args:
            und_UD: Embedded rows of the understanding expert.
            gen_GD: Embedded rows of the generation expert.
            layout: Grid places, positions and mask of these rows.
            past: What came before, from `Past.of(caches)`.
            grow: Caches, one per sequence of unpadded length T, that receive this call's rows.
            step_cache: Of the drawing whose steps these rows belong to; never beside `grow`.

        Returns:
            Normed und rows (U, D) and gen rows (G, D).
        """
        config = self.config
        layout = replace(layout, mask=prepared(layout.mask))
        rope = rope_tables(layout.positions, config.head_dim, config.rope_theta)
        for i, layer in enumerate(self._as_run(is_reading=grow is not None)):
            before = None if past is None else (past.keys[i], past.values[i])
            und_UD, gen_GD, keys, values = layer(und_UD, gen_GD, layout, rope, before)
            for b, cache in enumerate(grow or ()):
                cache.append(i, keys[b], values[b])
            if step_cache is not None and i == 0:
                reused = step_cache.reused(und_UD, gen_GD)
                if reused is not None:
                    und_UD, gen_GD = reused
                    break
        else:
            if step_cache is not None:
                step_cache.keep(und_UD, gen_GD)
        return self.und_norm(und_UD), self.gen_norm(gen_GD)

    def _as_run(self, *, is_reading: bool) -> list[_Run]:
        """Return the layers as they run in training, in reading, and in drawing."""
        if torch.is_grad_enabled() and self.recomputes:
            return [partial(checkpoint, layer, use_reentrant=False) for layer in self.layers]
        if torch.is_grad_enabled() or is_reading or not self._compiled:
            return list(self.layers)
        return self._compiled
