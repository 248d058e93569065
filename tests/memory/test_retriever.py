"""Recall: near facts, named concepts first, never a retired one."""

import threading
from pathlib import Path

import pytest

from omnipersona.memory.encoder import MiniLmEncoder
from omnipersona.memory.memory import Memory
from omnipersona.memory.records import Fact
from omnipersona.store.errors import InvalidText

pytestmark = pytest.mark.both_stores

ME = "anna"


def say(memory: Memory, attribute: str, value: str, concept_id: str | None = None) -> Fact:
    return memory.facts.add(
        ME, concept_id=concept_id, attribute=attribute, value=value, source="said", origin="m"
    )


def recalled(memory: Memory, question: str, *concept_ids: str) -> list[str]:
    return [ranked.fact.value for ranked in memory.recall(ME, question, concept_ids)]


def test_a_fact_is_recalled_and_a_stranger_is_not(memory: Memory) -> None:
    say(memory, "toy", "a red ball")
    assert recalled(memory, "what is the toy?") == ["a red ball"]
    assert recalled(memory, "hello chess music") == []


def test_facts_of_named_concepts_come_first(memory: Memory) -> None:
    bo, mia = memory.concepts.add(ME, "Bo"), memory.concepts.add(ME, "Mia")
    say(memory, "toy", "toy toy toy", bo.id)
    say(memory, "toy", "a bell", mia.id)
    assert recalled(memory, "what is the toy?", mia.id) == ["a bell", "toy toy toy"]
    assert recalled(memory, "what is the toy?", bo.id) == ["toy toy toy", "a bell"]


def test_a_retired_fact_is_never_recalled(memory: Memory) -> None:
    old = say(memory, "toy", "a red ball")
    assert recalled(memory, "toy: a red ball") == ["a red ball"]
    memory.facts.correct(ME, old.id, "a blue bone", source="said", origin="m")
    assert recalled(memory, "toy: a red ball") == ["a blue bone"]
    memory.facts.retire(ME, memory.facts.list(ME)[0].id)
    assert recalled(memory, "toy: a red ball") == []


def test_a_forgotten_fact_is_never_recalled(memory: Memory) -> None:
    fact = say(memory, "toy", "a red ball")
    say(memory, "toy", "a bone")
    assert len(recalled(memory, "toy")) == 2
    memory.forget_fact(ME, fact.id)
    assert recalled(memory, "toy") == ["a bone"]


def test_the_order_is_the_same_every_time(memory: Memory) -> None:
    for number in range(40):
        say(memory, "toy", f"ball {number % 3} {number}")
    first = memory.recall(ME, "toy ball 1", limit=20)
    assert len(first) == 20
    assert all(memory.recall(ME, "toy ball 1", limit=20) == first for _ in range(5))


@pytest.mark.parametrize("limit", [0, -1, 10**6])
def test_limits_out_of_range_are_refused(memory: Memory, limit: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 100"):
        memory.recall(ME, "toy", limit=limit)


def test_an_empty_question_is_refused(memory: Memory) -> None:
    with pytest.raises(InvalidText, match="The question is empty"):
        memory.recall(ME, " \u200b ")


def test_threads_may_write_and_recall_at_once(memory: Memory) -> None:
    failures: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for number in range(5):
                say(memory, "toy", f"{name} {number}")
                assert recalled(memory, "toy")
        except (AssertionError, RuntimeError) as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(memory.recall(ME, "toy", limit=100)) == 20


@pytest.mark.slow
def test_the_shipped_encoder_recalls_by_meaning(tmp_path: Path) -> None:
    opened = Memory.open(tmp_path, MiniLmEncoder())
    facts = (("toy", "a red ball"), ("home", "the beach"), ("favourite food", "pizza"))
    for attribute, value in facts:
        say(opened, attribute, value)
    assert recalled(opened, "what does he like to eat?") == ["pizza"]
    assert recalled(opened, "draw him with his toy at home") == ["a red ball", "the beach"]
    assert recalled(opened, "tell me about quantum physics") == []
    opened.close()
