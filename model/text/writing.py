"""Writing words piece by piece.

Knows tokens and how their bytes become text. Does not know what is written.
"""

from collections.abc import Iterator

import torch

from omnipersona.model.sequence.context import Context
from omnipersona.model.text.decode import write_tokens
from omnipersona.model.text.tokenizer import Tokenizer

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
