"""Facts: source, correction, history."""

import pytest

from omnipersona.memory.memory import Memory
from omnipersona.memory.records import Fact
from omnipersona.store.errors import InvalidText, UnknownConcept, UnknownFact

pytestmark = pytest.mark.both_stores

ME = "anna"


def say(memory: Memory, value: str, attribute: str = "toy", concept_id: str | None = None) -> Fact:
    return memory.facts.add(
        ME, concept_id=concept_id, attribute=attribute, value=value, source="said", origin="m1"
    )


def test_a_fact_keeps_its_source(memory: Memory) -> None:
    fact = say(memory, "a red ball")
    assert (fact.source, fact.origin, fact.retired_at) == ("said", "m1", None)
    assert memory.facts.get(ME, fact.id) == fact


def test_facts_of_the_user_and_of_concepts_are_apart(memory: Memory) -> None:
    bo = memory.concepts.add(ME, "Bo")
    mine, his = say(memory, "Berlin", "home"), say(memory, "the beach", "home", bo.id)
    assert memory.facts.of_user(ME) == (mine,)
    assert memory.facts.of_concept(ME, bo.id) == (his,)
    assert memory.facts.list(ME) == (mine, his)


def test_saying_the_same_again_adds_nothing(memory: Memory) -> None:
    assert say(memory, "a red ball") == say(memory, " A red  BALL ", "Toy")
    assert len(memory.facts.list(ME)) == 1


def test_a_correction_supersedes(memory: Memory) -> None:
    old = say(memory, "a red ball")
    new = memory.facts.correct(ME, old.id, "a blue ball", source="said", origin="m2")
    assert (new.attribute, new.value, new.replaces) == ("toy", "a blue ball", old.id)
    assert memory.facts.list(ME) == (new,)
    retired, current = memory.facts.list(ME, history=True)
    assert (retired.id, current.id) == (old.id, new.id)
    assert retired.retired_at is not None


def test_a_retired_fact_cannot_be_corrected_or_retired_again(memory: Memory) -> None:
    fact = say(memory, "a red ball")
    assert memory.facts.retire(ME, fact.id).retired_at is not None
    assert memory.facts.list(ME) == ()
    with pytest.raises(UnknownFact, match="retired before"):
        memory.facts.retire(ME, fact.id)
    with pytest.raises(UnknownFact, match="retired before"):
        memory.facts.correct(ME, fact.id, "x", source="said", origin="m2")


def test_a_refused_correction_leaves_the_old_fact_current(memory: Memory) -> None:
    fact = say(memory, "a red ball")
    with pytest.raises(InvalidText):
        memory.facts.correct(ME, fact.id, "  ", source="said", origin="m2")
    assert memory.facts.list(ME) == (fact,)


def test_a_retired_fact_can_be_said_anew(memory: Memory) -> None:
    old = say(memory, "a red ball")
    memory.facts.retire(ME, old.id)
    assert say(memory, "a red ball").id != old.id


def test_a_fact_needs_a_known_concept_and_visible_text(memory: Memory) -> None:
    with pytest.raises(UnknownConcept):
        say(memory, "a red ball", "toy", "0" * 32)
    with pytest.raises(InvalidText, match="attribute"):
        say(memory, "a red ball", " ")
    with pytest.raises(InvalidText, match="value"):
        say(memory, "x" * 4001)
    assert say(memory, "a\u202e red\x00 ball").value == "a red ball"
    assert len(memory.facts.list(ME)) == 1
