"""Writing text token by token.

Knows a context's logits. Does not know words: ids in, ids out.
"""

import threading
from collections.abc import Iterator

import torch
from torch import Tensor

from omnipersona.model.errors import Cancelled
from omnipersona.model.sequence.context import Context


def write_tokens(
    context: Context,
    *,
    begin: int,
    end: int,
    max_length: int,
    temperature: float = 0.0,
    generator: torch.Generator | None = None,
    cancel: threading.Event | None = None,
) -> Iterator[tuple[int, float]]:
    """Write until the end token or the limit, on a context that grows.

    The begin token is fed first and counts, so at most `max_length - 1` tokens come; the end
    token is neither yielded nor fed.

    Args:
        context: A fork, since it grows.
        begin: Id fed at the next position.
        end: Id that stops the text.
        max_length: Iterations at most.
        temperature: 0 takes the likeliest token.
        generator: Draws tokens where `temperature` > 0.
        cancel: Checked before each token.

    Yields:
        Token id and its log-probability.

    Raises:
        Cancelled: `cancel` was set.
    """
    token = begin
    for i in range(max_length):
        if cancel is not None and cancel.is_set():
            raise Cancelled("Stopped.")
        logits = context.feed(token)
        token = _choose(logits, temperature, generator)
        if token == end:
            return
        if i + 1 < max_length:
            yield token, float(logits.log_softmax(-1)[token])


def _choose(logits: Tensor, temperature: float, generator: torch.Generator | None) -> int:
    if temperature == 0.0:
        return int(logits.argmax())
    weights = torch.softmax(logits / temperature, dim=-1)
    return int(torch.multinomial(weights, 1, generator=generator))
