"""Noisy pictures read against several contexts in one packed forward.

What does not change between the steps of a drawing is laid out once: padded caches, places, masks.
Knows contexts and packs. Does not know guidance or sampling.
"""

# n latent tokens of all pictures, E numbers per token

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import torch
from torch import Tensor

from omnipersona.model.mot.attention import Past
from omnipersona.model.mot.step_cache import StepCache
from omnipersona.model.sequence.context import Context
from omnipersona.model.sequence.pack import pack
from omnipersona.model.sequence.segments import GenImage, Sample

_COMPILED_ROWS: Final = 64


class Canvas:
    """One noisy picture per context; the contexts stay as they are.

    Args:
        contexts: Of one model, at least one; several may belong to one picture.
        position_ids: Of each context's picture, (T,).
        sources: At the edit ports of each picture, clean tokens (T, E); None where a picture is
            new, or no list where all are.
        reuse_below: Limit of a step cache (`mot.step_cache`); None computes every step whole.
    """

    def __init__(
        self,
        contexts: Sequence[Context],
        position_ids: Sequence[Tensor],
        sources: Sequence[Tensor | None] = (),
        reuse_below: float | None = None,
    ) -> None:
        self.step_cache = None if reuse_below is None else StepCache(reuse_below)
        first = contexts[0]
        self.model = first.model
        caches = [context.cache for context in contexts]
        # Compiled layers are made anew for every length.
        step = _COMPILED_ROWS if self.model.decoder.is_compiled else 1
        self.past = Past.of(caches, step)
        self.sizes = [len(ids) for ids in position_ids]
        blank = [torch.zeros(size, self.model.config.latent_width) for size in self.sizes]
        blocks = [
            GenImage(tokens=tokens, position_ids=ids, noise=tokens, source=source)
            for tokens, ids, source in zip(
                blank, position_ids, sources or [None] * len(blank), strict=True
            )
        ]
        packed = pack(
            [Sample(segments=(block,)) for block in blocks],
            first.markers,
            start_positions=[context.cache.next_position for context in contexts],
            past_is_real=None if self.past is None else self.past.is_real,
        )
        self.packed = packed.to(self.model.device)

    def velocities(self, x_t: Sequence[Tensor], t: float) -> list[Tensor]:
        """Return the velocity (T, E) of each picture at time `t`, on the host."""
        laid_out = self.packed.latents
        assert laid_out is not None, "a canvas holds pictures"
        tokens = torch.cat(list(x_t)).to(laid_out.t.device)
        times = torch.full_like(laid_out.t, t)
        latents = replace(laid_out, tokens=tokens, noise=tokens, t=times)
        packed = replace(self.packed, latents=latents)
        hidden = self.model.run(packed, None, self.past, step_cache=self.step_cache)
        assert hidden.velocity_nE is not None, "latents always have velocities"
        return list(hidden.velocity_nE.cpu().split(self.sizes))


def velocity(context: Context, x_t: Tensor, position_ids: Tensor, t: float) -> Tensor:
    """Return the velocity (T, E) of one noisy picture read against one context."""
    return Canvas([context], [position_ids]).velocities([x_t], t)[0]
