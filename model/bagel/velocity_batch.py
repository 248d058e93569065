"""Contexts of classifier-free guidance, and the velocities of noisy pictures in one packed forward.

A context grows by segments; guidance keeps three of them, and the order of events decides what each
holds. What does not change between the steps of a drawing is laid out once: padded caches, places,
masks. Does not know words, files, scales or sampling.
"""

# S soft vectors, D width, V vocabulary, n latent tokens of all pictures, E numbers per token

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import torch
from torch import Tensor

from omnipersona.model.bagel.kv_cache import KVCache, StepCache
from omnipersona.model.bagel.omni import Hidden, OmniModel
from omnipersona.model.bagel.sequence import (
    GenImage,
    Markers,
    Sample,
    Segment,
    TextSegment,
    UndImage,
    pack,
)
from omnipersona.model.bagel.transformer import Past


class Context:
    """A growing prefix of one conversation."""

    def __init__(self, model: OmniModel, markers: Markers, soft_SD: Tensor | None = None) -> None:
        self.model = model
        self.markers = markers
        self.soft_SD = soft_SD
        self.cache = KVCache()

    def fork(self) -> "Context":
        """Return a context that grows on its own from here."""
        other = Context(self.model, self.markers, self.soft_SD)
        other.cache = self.cache.fork()
        return other

    @property
    def num_rows(self) -> int:
        """Rows held."""
        return self.cache.length

    def add(self, segment: Segment) -> Hidden:
        """Read a segment into the cache and return its final rows."""
        past = Past.of([self.cache])
        packed = pack(
            [Sample(segments=(segment,))],
            self.markers,
            start_positions=[self.cache.next_position],
            past_is_real=None if past is None else past.is_real,
        )
        hidden = self.model.run(packed, self.soft_SD, past, [self.cache])
        self.cache.next_position += _positions_taken(segment)
        return hidden

    def feed(self, token: int) -> Tensor:
        """Read one more token of a text being written; return its logits (V,), on the host."""
        hidden = self.add(TextSegment(ids=[token]))
        return self.model.decoder.lm_head(hidden.und_UD[-1]).float().cpu()


def _positions_taken(segment: Segment) -> int:
    return len(segment.ids) if isinstance(segment, TextSegment) else 1


@dataclass(slots=True)
class CFGContexts:
    """The three contexts of one drawing.

    | event          | full            | without_text        | without_image |
    | -------------- | --------------- | ------------------- | ------------- |
    | system prompt  | add             | -                   | add           |
    | user text      | add             | := full before it   | add           |
    | user picture   | add VAE, ViT    | := full after it    | -             |
    | thought text   | add             | -                   | -             |

    The concept prefix is a system prompt of its own; whether the text-free context keeps it is a
    setting of the model.
    """

    full: Context
    without_text: Context
    without_image: Context

    @classmethod
    def empty(cls, model: OmniModel, markers: Markers, soft_SD: Tensor | None = None) -> Self:
        """Return three empty contexts."""
        start = Context(model, markers, soft_SD)
        return cls(start, start.fork(), start.fork())

    def fork(self) -> Self:
        """Return contexts that grow on their own from here."""
        return type(self)(*(c.fork() for c in (self.full, self.without_text, self.without_image)))

    @property
    def num_rows(self) -> int:
        """Rows held, as if the three contexts shared none."""
        return sum(c.num_rows for c in (self.full, self.without_text, self.without_image))

    def add_system(self, segment: Segment) -> None:
        """Read a system prompt; the text-free context does not see it yet."""
        self.full.add(segment)
        self.without_image.add(segment)

    def add_prefix(self, segment: Segment, *, keep_without_text: bool) -> None:
        """Read the concept prefix."""
        self.add_system(segment)
        if keep_without_text:
            self.without_text = self.full.fork()

    def add_text(self, segment: Segment) -> None:
        """Read a text of the user."""
        self.without_text = self.full.fork()
        self.full.add(segment)
        self.without_image.add(segment)

    def add_picture(self, latents: GenImage | None, patches: UndImage) -> None:
        """Read a picture of the user: latents first, then vision patches."""
        for segment in _present(latents, patches):
            self.full.add(segment)
        self.without_text = self.full.fork()

    def add_thought(self, segment: Segment) -> None:
        """Read a text that the model wrote before drawing."""
        self.full.add(segment)

    @property
    def image_free_equals_full(self) -> bool:
        """Whether the third branch would repeat the first."""
        return (
            self.without_image.cache.length == self.full.cache.length
            and self.without_image.cache.next_position == self.full.cache.next_position
        )


def _present(*segments: Segment | None) -> Iterable[Segment]:
    return (segment for segment in segments if segment is not None)


_COMPILED_ROWS: Final = 64


class VelocityBatch:
    """One noisy picture per context; the contexts stay as they are.

    Args:
        contexts: Of one model, at least one; several may belong to one picture.
        position_ids: Of each context's picture, (T,).
        sources: At the edit ports of each picture, clean tokens (T, E); None where a picture is
            new, or no list where all are.
        reuse_below: Limit of a step cache (`kv_cache.StepCache`); None computes every step whole.
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
    return VelocityBatch([context], [position_ids]).velocities([x_t], t)[0]
