"""The stack of layers, the embeddings and the output head.

Knows ids, rows and caches. Does not know images, latents or losses.
"""

# U und rows, G gen rows, D width, V vocabulary

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from omnipersona.model.config import TextConfig
from omnipersona.model.mot.attention import Layout, Past
from omnipersona.model.mot.block import DecoderLayer, Expert, RMSNorm
from omnipersona.model.mot.kv_cache import KVCache
from omnipersona.model.mot.rope import rope_tables
from omnipersona.model.mot.step_cache import StepCache
from omnipersona.model.sdpa import prepared

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
