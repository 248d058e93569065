"""Texts written together are the texts that each would be alone."""

from collections.abc import Iterator

import pytest
import torch

from omnipersona.model.bagel.decoding import Feed, token_steps, write_tokens
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.sequence import TextSegment
from omnipersona.model.bagel.text_batch import TextBatch
from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.model.bagel.velocity_batch import Context

NO_END = -1


@pytest.fixture
def contexts(net: OmniModel, tokenizer: Tokenizer) -> list[Context]:
    """Return what four texts of different lengths begin with."""
    found = []
    for length in (3, 17, 1, 9):
        context = Context(net, tokenizer.markers)
        context.add(TextSegment(ids=list(range(5, 5 + length))))
        found.append(context)
    return found


def _together(steps: list[Iterator[Feed | tuple[int, float]]]) -> list[list[int]]:
    """Run texts by joint steps; return their tokens."""
    written: list[list[int]] = [[] for _ in steps]
    going = dict(enumerate(steps))
    while going:
        feeds: dict[int, Feed] = {}
        for i in list(going):
            for step in going[i]:
                if isinstance(step, Feed):
                    feeds[i] = step
                    break
                written[i].append(step[0])
            else:
                del going[i]
        if feeds:
            first, *others = feeds.values()
            first.run_with(others)
    return written


@torch.no_grad()
def test_logits_are_those_of_each_alone(net: OmniModel, contexts: list[Context]) -> None:
    batch = TextBatch(net, places=4)
    for token in (11, 12, 13):
        alone = [context.feed(token) for context in contexts]
        # The contexts above grew, so the batch has copies of what they were.
        if token == 11:
            copies = [context.fork() for context in contexts]
            for copy in copies:
                copy.cache.keys = [keys[:-1] for keys in copy.cache.keys]
                copy.cache.values = [values[:-1] for values in copy.cache.values]
                copy.cache.next_position -= 1
        found = batch.feed([(copy, token) for copy in copies])
        for one, other in zip(alone, found, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("lengths", [(6, 6, 6, 6), (2, 9, 4, 7), (9, 2, 1, 1)])
def test_texts_of_any_length_leave_when_they_end(
    net: OmniModel, contexts: list[Context], lengths: tuple[int, ...]
) -> None:
    alone = [
        [token for token, _ in write_tokens(c.fork(), begin=0, end=NO_END, max_length=n + 1)]
        for c, n in zip(contexts, lengths, strict=True)
    ]
    batch = TextBatch(net, places=4)
    steps = [
        token_steps(c.fork(), begin=0, end=NO_END, max_length=n + 1, batch=batch)
        for c, n in zip(contexts, lengths, strict=True)
    ]
    assert _together(steps) == alone
    # The next ones find the places empty again.
    steps = [
        token_steps(c.fork(), begin=0, end=NO_END, max_length=n + 1, batch=batch)
        for c, n in zip(contexts, lengths, strict=True)
    ]
    assert _together(steps) == alone


@torch.no_grad()
def test_a_text_that_is_alone_needs_no_batch_and_joins_later(
    net: OmniModel, contexts: list[Context]
) -> None:
    batch = TextBatch(net, places=2)
    first, second = contexts[0], contexts[1]
    alone = [
        [token for token, _ in write_tokens(c.fork(), begin=0, end=NO_END, max_length=8)]
        for c in (first, second)
    ]
    early = token_steps(first.fork(), begin=0, end=NO_END, max_length=8, batch=batch)
    written: list[int] = []
    for step in early:
        if isinstance(step, Feed):
            if len(written) == 3:
                break
            step.run_with(())
            assert not batch.holds(step.context)
        else:
            written.append(step[0])

    def rest() -> Iterator[Feed | tuple[int, float]]:
        yield step
        yield from early

    late = token_steps(second.fork(), begin=0, end=NO_END, max_length=8, batch=batch)
    found = _together([rest(), late])
    assert [written + found[0], found[1]] == alone


@torch.no_grad()
def test_texts_that_are_parted_go_on_where_they_were(
    net: OmniModel, contexts: list[Context]
) -> None:
    alone = [
        torch.stack([fork.feed(token) for token in (11, 12, 13)])
        for fork in (context.fork() for context in contexts)
    ]
    batch = TextBatch(net, places=4)
    found = [[row] for row in batch.feed([(context, 11) for context in contexts])]
    # As after a fault: each by itself, then together again.
    for context, rows in zip(contexts, found, strict=True):
        feed = Feed(context, 12, batch)
        feed.run_with(())
        rows.append(feed.logits())
    for rows, row in zip(found, batch.feed([(c, 13) for c in contexts]), strict=True):
        rows.append(row)
    for one, other in zip(alone, found, strict=True):
        torch.testing.assert_close(one, torch.stack(other), rtol=1e-4, atol=1e-5)
