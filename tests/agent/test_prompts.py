"""The examples are what the readers read."""

import pytest

from omnipersona.agent.parsing import read_facts, read_parsed, read_recall, read_rewrite
from omnipersona.agent.prompts import (
    DRAW_EXAMPLES,
    EDIT_EXAMPLES,
    FACTS_EXAMPLES,
    PARSE_EXAMPLES,
    RECALL_EXAMPLES,
    take,
    take_others,
)
from omnipersona.model.contract import CompleteRequest, Example

SLOTS = ("<c0>", "<c1>")


@pytest.mark.parametrize(
    ("examples", "least"),
    [
        (PARSE_EXAMPLES, 6),
        (FACTS_EXAMPLES, 4),
        (RECALL_EXAMPLES, 3),
        (DRAW_EXAMPLES, 4),
        (EDIT_EXAMPLES, 4),
    ],
)
def test_there_are_enough_examples_and_requests_hold_them(
    examples: tuple[Example, ...], least: int
) -> None:
    assert len(examples) >= least
    CompleteRequest(prompt=examples[0].prompt, examples=examples)


def test_every_example_reply_is_readable() -> None:
    for example in PARSE_EXAMPLES:
        read_parsed(example.reply, SLOTS)
    for example in FACTS_EXAMPLES:
        read_facts(example.reply, SLOTS)
    for example in RECALL_EXAMPLES:
        read_recall(example.reply)
    for example in (*DRAW_EXAMPLES, *EDIT_EXAMPLES):
        read_rewrite(example.reply, SLOTS)


def test_the_second_try_shows_other_examples() -> None:
    for count in range(5):
        first, second = take(PARSE_EXAMPLES, count), take_others(PARSE_EXAMPLES, count)
        assert len(first) == count
        assert len(second) == count + 1
        assert first != second
