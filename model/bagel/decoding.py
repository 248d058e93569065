"""Writing text token by token: ids from a context's logits, and the words their bytes become.

Does not know what is written.
"""

import threading
from collections.abc import Iterator

import torch
from torch import Tensor

from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.model.bagel.velocity_batch import Context
from omnipersona.model.errors import Cancelled


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


_HALF_A_CHARACTER = "\ufffd"


def write_text(
    context: Context,
    tokenizer: Tokenizer,
    *,
    max_tokens: int,
    temperature: float = 0.0,
    generator: torch.Generator | None = None,
) -> Iterator[str]:
    """Yield a text piece by piece, on a context that grows.

    Args:
        context: A fork, or one that is used no more.
        tokenizer: Of the model.
        max_tokens: Tokens at most.
        temperature: 0 takes the likeliest token.
        generator: Draws tokens where `temperature` > 0.
    """
    written: list[int] = []
    told = ""
    for token, _ in write_tokens(
        context,
        begin=tokenizer.begin,
        end=tokenizer.end,
        max_length=max_tokens + 1,
        temperature=temperature,
        generator=generator,
    ):
        written.append(token)
        text = tokenizer.decode(written)
        if not text.endswith(_HALF_A_CHARACTER):
            yield text[len(told) :]
            told = text
