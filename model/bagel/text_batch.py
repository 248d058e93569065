"""Several texts written together: one forward per token for all of them.

Keys and values lie in one buffer, (B, L, K, H) per layer, made once and written in place: a token
adds its row where its text stands, and nothing is copied but what a text that joins has read. A
text that leaves gives its place to the last one, so that those in use are always the first. Reading
a prompt stays one by one. Knows the understanding expert, which writes text. Does not know words,
sampling or whose a text is.
"""

# B places, L rows of the buffer, b texts in use, K kv heads, H head dim, D width, V vocabulary

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.transformer import (
    DecoderLayer,
    attend,
    prepared,
    rope_tables,
    rotate,
)
from omnipersona.model.bagel.velocity_batch import Context

_ROWS: Final = 256
"""The buffer grows by so many rows at a time."""


@dataclass(slots=True)
class _Text:
    """A text in the batch: whose it is, its rows so far, and the RoPE id of the next one."""

    context: Context
    length: int
    position: int


class TextBatch:
    """Texts that grow together.

    Args:
        model: Of all of them.
        places: Texts at most.
    """

    def __init__(self, model: OmniModel, places: int) -> None:
        self._model = model
        self._places = places
        self._texts: list[_Text] = []
        self._keys: list[Tensor] = []
        self._values: list[Tensor] = []

    def holds(self, context: Context) -> bool:
        """Whether a text is written in here."""
        return any(text.context is context for text in self._texts)

    @torch.no_grad()
    def feed(self, asked: Sequence[tuple[Context, int]]) -> list[Tensor]:
        """Read one more token of each text; return the logits (V,) of each, on the host.

        A context that comes for the first time joins with what it has read, and is written in
        here from then on; one that is not asked for leaves with what was written.

        Args:
            asked: A context and a token of each text, at most `places`, each context once.
        """
        tokens = {id(context): token for context, token in asked}
        self._leave(tokens)
        known = {id(text.context) for text in self._texts}
        for context, _ in asked:
            if id(context) not in known:
                self._join(context)
        self._make_room(max(text.length for text in self._texts) + 1)
        logits_bV = self._forward([tokens[id(text.context)] for text in self._texts])
        for text in self._texts:
            text.length += 1
            text.position += 1
        found = {id(text.context): row for text, row in zip(self._texts, logits_bV, strict=True)}
        return [found[id(context)] for context, _ in asked]

    def _forward(self, tokens: Sequence[int]) -> Tensor:
        decoder, device = self._model.decoder, self._model.device
        count, longest = len(tokens), max(text.length for text in self._texts) + 1
        lengths = torch.tensor([text.length for text in self._texts])
        allowed = torch.arange(longest)[None, :] <= lengths[:, None]
        mask = prepared(allowed[:, None, None, :].to(device))
        positions = torch.tensor([[text.position] for text in self._texts], device=device)
        rope = rope_tables(positions, decoder.config.head_dim, decoder.config.rope_theta)
        places, at = torch.arange(count, device=device), lengths.to(device)
        x_bD = decoder.embed_tokens(torch.tensor(tokens, device=device))
        for layer, keys, values in zip(decoder.layers, self._keys, self._values, strict=True):
            assert isinstance(layer, DecoderLayer), "the decoder has no others"
            q, k, v = (part[:, None] for part in layer.und.project(x_bD))
            keys[places, at] = rotate(k, rope)[:, 0]
            values[places, at] = v[:, 0]
            mixed = attend(rotate(q, rope), keys[:count, :longest], values[:count, :longest], mask)
            x_bD = layer.und.finish(x_bD, mixed[:, 0])
        logits: Tensor = decoder.lm_head(decoder.und_norm(x_bD)).float().cpu()
        return logits

    def _leave(self, asked: dict[int, int]) -> None:
        """Give texts that are not asked for their rows, and their places to the last ones."""
        for place in reversed(range(len(self._texts))):
            gone = self._texts[place]
            if id(gone.context) in asked:
                continue
            # It may go on alone, or join again: after a fault each is fed by itself.
            cache = gone.context.cache
            cache.keys = [buffer[place, : gone.length].clone() for buffer in self._keys]
            cache.values = [buffer[place, : gone.length].clone() for buffer in self._values]
            cache.next_position = gone.position
            last = self._texts.pop()
            if place < len(self._texts):
                self._texts[place] = last
                for buffer in (*self._keys, *self._values):
                    buffer[place, : last.length] = buffer[len(self._texts), : last.length]

    def _join(self, context: Context) -> None:
        """Copy what a text has read into the next place."""
        cache, place = context.cache, len(self._texts)
        assert place < self._places, "there are as many texts as places already"
        self._texts.append(_Text(context, cache.length, cache.next_position))
        if not self._keys:
            first = cache.keys[0]
            shape = (self._places, 0, *first.shape[1:])
            self._keys = [first.new_zeros(shape) for _ in cache.keys]
            self._values = [first.new_zeros(shape) for _ in cache.values]
        self._make_room(cache.length + 1)
        for buffers, read in ((self._keys, cache.keys), (self._values, cache.values)):
            for buffer, rows in zip(buffers, read, strict=True):
                buffer[place, : cache.length] = rows

    def _make_room(self, length: int) -> None:
        """Lengthen the buffer where a text needs it; it is kept for the next ones."""
        rows = self._keys[0].shape[1]
        if length <= rows:
            return
        more = -(-(length - rows) // _ROWS) * _ROWS
        for buffers in (self._keys, self._values):
            for i, buffer in enumerate(buffers):
                blank = buffer.new_zeros((buffer.shape[0], more, *buffer.shape[2:]))
                buffers[i] = torch.cat([buffer, blank], dim=1)
