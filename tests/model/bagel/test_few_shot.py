"""The examples are what the readers read."""

import random

import pytest

from omnipersona.agent.nodes.stating import is_said
from omnipersona.model.bagel.few_shot import (
    DRAW_EXAMPLES,
    EDIT_EXAMPLES,
    FACTS_EXAMPLES,
    PARSE_EXAMPLES,
    RECALL_EXAMPLES,
    headed,
    take,
    take_others,
)
from omnipersona.model.bagel.replies import read_facts, read_parsed, read_recall, read_rewrite
from omnipersona.model.contract import MAX_CONCEPTS, Example, slot
from omnipersona.training.corpus.dialogue import sample_turn
from omnipersona.training.corpus.dialogue.retrieval import about

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
def test_there_are_enough_examples(examples: tuple[Example, ...], least: int) -> None:
    assert len(examples) >= least


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


def test_the_heading_is_the_one_that_the_model_was_taught() -> None:
    assert headed("give him a hat", ("<c0>",)) == about("give him a hat", ("<c0>",))
    assert headed("give <c0> a hat", ("<c0>",)) == "give <c0> a hat"


@pytest.mark.parametrize("task", ["parse", "facts", "recall", "rewrite"])
def test_every_reply_that_the_model_was_taught_is_readable(task: str) -> None:
    slots = tuple(slot(i) for i in range(MAX_CONCEPTS))
    rng = random.Random(7)
    for _ in range(200):
        reply = sample_turn(rng, "held_out", task).reply
        match task:
            case "parse":
                read_parsed(reply, slots)
            case "facts":
                read_facts(reply, slots)
            case "recall":
                read_recall(reply)
            case _:
                read_rewrite(reply, slots)


def test_every_fact_that_the_model_was_taught_to_read_was_said() -> None:
    rng = random.Random(8)
    slots = tuple(slot(i) for i in range(MAX_CONCEPTS))
    for _ in range(300):
        turn = sample_turn(rng, "held_out", "facts")
        for statement in read_facts(turn.reply, slots):
            assert is_said(statement.value, turn.prompt)
