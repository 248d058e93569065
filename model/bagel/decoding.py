"""Writing text token by token: ids from a context's logits, and the words their bytes become.

Does not know what is written.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from omnipersona.model.bagel.text_batch import TextBatch
from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.model.bagel.velocity_batch import Context


@dataclass(slots=True, eq=False)
class Feed:
    """A token that a context is to read next; texts of several callers are fed together.

    Attributes:
        context: Grows by the token.
        token: Its id.
        batch: Where it is read together with others.
    """

    context: Context
    token: int
    batch: TextBatch | None = None
    _logits: Tensor | None = None

    def run_with(self, others: Sequence["Feed"]) -> None:
        """Read this token and those of others; a text that is alone needs no batch."""
        batch = self.batch
        if batch is None or not (others or batch.holds(self.context)):
            self._logits = self.context.feed(self.token)
            return
        feeds = [self, *others]
        found = batch.feed([(feed.context, feed.token) for feed in feeds])
        for feed, logits in zip(feeds, found, strict=True):
            feed._logits = logits

    def logits(self) -> Tensor:
        """Return the logits (V,) after it; read alone where nobody has read it."""
        if self._logits is None:
            self.run_with(())
        assert self._logits is not None, "it has been read"
        return self._logits


def token_steps(
    context: Context,
    *,
    begin: int,
    end: int,
    max_length: int,
    temperature: float = 0.0,
    generator: torch.Generator | None = None,
    batch: TextBatch | None = None,
) -> Iterator[Feed | tuple[int, float]]:
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
        batch: Where tokens may be fed together with those of others.

    Yields:
        What is to be fed, then the token id that follows and its log-probability.
    """
    token = begin
    for i in range(max_length):
        feed = Feed(context, token, batch)
        yield feed
        logits = feed.logits()
        token = _choose(logits, temperature, generator)
        if token == end:
            return
        if i + 1 < max_length:
            yield token, float(logits.log_softmax(-1)[token])


def write_tokens(
    context: Context,
    *,
    begin: int,
    end: int,
    max_length: int,
    temperature: float = 0.0,
    generator: torch.Generator | None = None,
) -> Iterator[tuple[int, float]]:
    """Yield what `token_steps` writes, alone."""
    for step in token_steps(
        context,
        begin=begin,
        end=end,
        max_length=max_length,
        temperature=temperature,
        generator=generator,
    ):
        if not isinstance(step, Feed):
            yield step


def _choose(logits: Tensor, temperature: float, generator: torch.Generator | None) -> int:
    if temperature == 0.0:
        return int(logits.argmax())
    weights = torch.softmax(logits / temperature, dim=-1)
    return int(torch.multinomial(weights, 1, generator=generator))


_HALF_A_CHARACTER = "\ufffd"


def text_steps(
    context: Context,
    tokenizer: Tokenizer,
    *,
    max_tokens: int,
    temperature: float = 0.0,
    generator: torch.Generator | None = None,
    batch: TextBatch | None = None,
) -> Iterator[Feed | str]:
    """Write a text piece by piece, on a context that grows.

    Args:
        context: A fork, or one that is used no more.
        tokenizer: Of the model.
        max_tokens: Tokens at most.
        temperature: 0 takes the likeliest token.
        generator: Draws tokens where `temperature` > 0.
        batch: Where tokens may be fed together with those of others.

    Yields:
        What is to be fed, then the piece that follows.
    """
    written: list[int] = []
    told = ""
    for step in token_steps(
        context,
        begin=tokenizer.begin,
        end=tokenizer.end,
        max_length=max_tokens + 1,
        temperature=temperature,
        generator=generator,
        batch=batch,
    ):
        if isinstance(step, Feed):
            yield step
            continue
        written.append(step[0])
        text = tokenizer.decode(written)
        if not text.endswith(_HALF_A_CHARACTER):
            yield text[len(told) :]
            told = text
