"""One decoder layer: two experts' weights around one attention.

Knows packed rows of both experts. Does not know tokens, images or losses.
Source: Deng et al. 2025, "Emerging Properties in Unified Multimodal Pretraining" (BAGEL).
"""

# U und rows, G gen rows, R rows of one expert, D width, N heads, K kv heads, H head dim

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from omnipersona.model.config import TextConfig
from omnipersona.model.mot.attention import Layout, attend, to_grid
from omnipersona.model.mot.rope import rotate


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
