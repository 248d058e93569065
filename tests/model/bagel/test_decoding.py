"""When writing stops, what it counts, and what is fed."""

import pytest
import torch
from oracles.random_weights import random_model

from omnipersona.model.bagel.config import tiny
from omnipersona.model.bagel.decoding import write_tokens
from omnipersona.model.bagel.sequence import Markers
from omnipersona.model.bagel.velocity_batch import Context

NO_END = -1


@pytest.fixture
def context() -> Context:
    return Context(random_model(tiny(), seed=2), Markers(2, 3))


@torch.no_grad()
@pytest.mark.parametrize("max_length", [1, 2, 6])
def test_the_begin_token_counts_towards_the_limit(context: Context, max_length: int) -> None:
    written = list(write_tokens(context, begin=0, end=NO_END, max_length=max_length))
    assert len(written) == max_length - 1
    assert context.cache.length == max_length
    assert all(score <= 0.0 for _, score in written)


@torch.no_grad()
def test_the_end_token_is_neither_kept_nor_fed(context: Context) -> None:
    free = [t for t, _ in write_tokens(context.fork(), begin=0, end=NO_END, max_length=9)]
    end = free[3]
    fork = context.fork()
    written = [t for t, _ in write_tokens(fork, begin=0, end=end, max_length=9)]
    first = free.index(end)
    assert written == free[:first]
    assert fork.cache.length == 1 + first


@torch.no_grad()
def test_a_seed_repeats_a_warm_text_and_another_changes_it(context: Context) -> None:
    def write(seed: int) -> list[int]:
        generator = torch.Generator().manual_seed(seed)
        tokens = write_tokens(
            context.fork(),
            begin=0,
            end=NO_END,
            max_length=12,
            temperature=2.0,
            generator=generator,
        )
        return [token for token, _ in tokens]

    assert write(1) == write(1)
    assert write(1) != write(2)
