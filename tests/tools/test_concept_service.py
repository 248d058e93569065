"""What is known can be shown, corrected and forgotten, by its owner alone."""

from typing import Any

import pytest

from omnipersona.memory.memory import Memory
from omnipersona.testing import ScriptedModel
from omnipersona.tools.concept_service import (
    MAX_EVIDENCE,
    are_current,
    correct_fact,
    current_facts,
    find_facts,
    forget_concept,
    forget_fact,
    list_known,
    remember_fact,
    show_concept,
    view_concepts,
)
from omnipersona.tools.outcome import ToolDeps, ToolFailed


def test_a_correction_retires_every_old_value(deps: ToolDeps, bo_id: str) -> None:
    first = remember_fact(deps, "ana", bo_id, "toy", "a red ball")
    remember_fact(deps, "ana", bo_id, "toy", "a stick")
    old = correct_fact(deps, "ana", bo_id, "Toy", "a kite")
    assert [fact.value for fact in old] == ["a red ball", "a stick"]
    assert [fact.value for fact in current_facts(deps, "ana", bo_id)] == ["a kite"]
    assert not are_current(deps, "ana", [first.fact_id])


def test_a_correction_to_what_is_known_keeps_it_once(deps: ToolDeps, bo_id: str) -> None:
    remember_fact(deps, "ana", bo_id, "toy", "a red ball")
    kite = remember_fact(deps, "ana", bo_id, "toy", "a kite")
    assert [fact.value for fact in correct_fact(deps, "ana", bo_id, "toy", "A kite")] == [
        "a red ball"
    ]
    assert current_facts(deps, "ana", bo_id) == (kite,)


def test_a_correction_of_nothing_is_a_new_fact(deps: ToolDeps, bo_id: str) -> None:
    assert correct_fact(deps, "ana", bo_id, "toy", "a kite") == ()
    assert correct_fact(deps, "ana", bo_id, "toy", "a kite") == ()
    assert len(current_facts(deps, "ana", bo_id)) == 1


def test_facts_are_found_for_whom_is_asked_only(deps: ToolDeps, bo_id: str) -> None:
    mia = deps.memory.concepts.add("ana", "mia")
    remember_fact(deps, "ana", bo_id, "toy", "a red ball")
    remember_fact(deps, "ana", mia.id, "toy", "a mouse")
    remember_fact(deps, "ana", "", "toy", "a train")
    for concept_id, value in ((bo_id, "a red ball"), (mia.id, "a mouse")):
        facts = find_facts(deps, "ana", "what is the toy of it?", [concept_id])
        assert [fact.value for fact in facts] == [value]
    assert [f.value for f in find_facts(deps, "ana", "what is my toy?", [])] == ["a train"]


def test_what_is_asked_for_by_name_is_found_without_a_search(
    deps: ToolDeps, bo_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for attribute, value in (("toy", "a red ball"), ("home", "the beach"), ("toy", "a kite")):
        remember_fact(deps, "ana", bo_id, attribute, value)
    remember_fact(deps, "ana", "", "toy", "a train")
    searched = list[str]()
    real = type(deps.memory).recall

    def recall(memory: Memory, user_id: str, question: str, *rest: Any, **more: Any) -> Any:
        searched.append(question)
        return real(memory, user_id, question, *rest, **more)

    monkeypatch.setattr(type(deps.memory), "recall", recall)
    named = find_facts(deps, "ana", "what is the toy of bo?", [bo_id], "Toy")
    assert [fact.value for fact in named] == ["a red ball", "a kite"]
    assert not searched
    other = find_facts(deps, "ana", "where is the home of bo?", [bo_id], "place")
    assert [fact.value for fact in other][:1] == ["the beach"]
    assert searched == ["where is the home of bo?"]


def test_evidence_is_short(deps: ToolDeps, bo_id: str) -> None:
    for number in range(12):
        remember_fact(deps, "ana", bo_id, "toy", f"toy {number}")
    assert len(find_facts(deps, "ana", "what is the toy?", [bo_id])) == MAX_EVIDENCE


def test_forgetting_a_fact_leaves_no_trace_of_it(deps: ToolDeps, bo_id: str) -> None:
    fact = remember_fact(deps, "ana", bo_id, "toy", "a red ball")
    forget_fact(deps, "ana", fact.fact_id)
    assert current_facts(deps, "ana", bo_id) == ()
    assert not are_current(deps, "ana", [fact.fact_id])


def test_forgetting_gives_a_receipt_and_reaches_the_model(
    deps: ToolDeps, bo_id: str, model: ScriptedModel
) -> None:
    remember_fact(deps, "ana", bo_id, "toy", "a red ball")
    tokens = deps.memory.concepts.get("ana", bo_id).tokens_sha256
    receipt = forget_concept(deps, "ana", bo_id)
    assert tokens in model.released
    assert receipt.details["facts"] == 1
    assert receipt.details["photos"] == 1
    assert len(receipt.details["sha256s"]) == 2
    assert view_concepts(deps, "ana") == ()


def test_another_user_sees_nothing(deps: ToolDeps, bo_id: str) -> None:
    fact = remember_fact(deps, "ana", bo_id, "toy", "a red ball")
    assert view_concepts(deps, "eve") == ()
    assert "nobody yet" in list_known(deps, "eve").text
    assert current_facts(deps, "eve", bo_id) == ()
    for call in (
        lambda: show_concept(deps, "eve", bo_id),
        lambda: remember_fact(deps, "eve", bo_id, "toy", "a"),
        lambda: find_facts(deps, "eve", "toy?", [bo_id]),
        lambda: forget_fact(deps, "eve", fact.fact_id),
        lambda: forget_concept(deps, "eve", bo_id),
    ):
        with pytest.raises(ToolFailed):
            call()
    assert len(current_facts(deps, "ana", bo_id)) == 1
