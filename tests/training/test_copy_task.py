"""Echoes ask only for what was said."""

import random

from omnipersona.model.bagel.sequence import TextSegment
from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.training.samples.copy_task import Echoes


def _words(part: object) -> list[int]:
    assert isinstance(part, TextSegment)
    return part.ids[1:-1]


def test_every_answer_follows_what_is_asked(tokenizer: Tokenizer) -> None:
    echoes = Echoes(tokenizer, random.Random(1), 32)
    kinds = set()
    for _ in range(50):
        first, *rest = echoes.sample().parts
        said = _words(first)
        kinds.add(len(rest))
        if len(rest) == 1:
            assert _words(rest[0]) == said
            continue
        for asked, answer in zip(rest[::2], rest[1::2], strict=True):
            at = said.index(_words(asked)[0])
            assert _words(answer) == said[at + 1 : at + 1 + len(_words(answer))]
    assert len(kinds) == 2
