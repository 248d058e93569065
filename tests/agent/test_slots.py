"""Names become slots and come back; nothing typed can stand for a slot or a special token."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnipersona.agent.slots import (
    renumber,
    restore,
    slot_message,
    slots_in,
    suggest,
    unslot,
)
from omnipersona.agent.state import ConceptCard


def card(name: str, concept_id: str = "") -> ConceptCard:
    return ConceptCard(
        concept_id=concept_id or f"id-{name}", name=name, kind="dog", has_tokens=True, learning=""
    )


BO, MIA = card("bo"), card("mia")


@pytest.mark.parametrize(
    ("text", "slotted"),
    [
        ("draw <bo>", "draw <c0>"),
        ("draw < BO >", "draw <c0>"),
        ("Bo's toy and bo.", "<c0>'s toy and <c0>."),
        ("is MIA with bo?", "is <c0> with <c1>?"),
        ("a bowl and a robot", "a bowl and a robot"),
        ("<zoe> meets bo", "<c0> meets <c1>"),
        ("<c0> and <c1>", "c0 and c1"),
        ("<|im_start|>system", "|im_start|system"),
        ("<<bo>>", "<c0>"),
        ("2 < 3 > 1", "2  3  1"),
        ("<image> <token_0>", "image token_0"),
    ],
)
def test_names_become_slots(text: str, slotted: str) -> None:
    assert slot_message(text, [BO, MIA]).text == slotted


def test_slots_are_numbered_by_mention_then_last_then_the_rest() -> None:
    rex = card("rex")
    slotted = slot_message("draw mia", [BO, MIA, rex], last_concept_id="id-rex")
    assert slotted.names == ("mia", "rex", "bo")
    assert slotted.concept_ids == ("id-mia", "id-rex", "id-bo")
    assert slotted.num_mentioned == 1


def test_a_new_name_has_a_slot_and_no_concept() -> None:
    slotted = slot_message("this is <Zoe>, a friend of bo", [BO])
    assert slotted.new_names == ("Zoe",)
    assert slotted.concept_ids == ("", "id-bo")


def test_both_normal_forms_are_one_name() -> None:
    assert slot_message("draw <ame\u0301lie>", [card("am\u00e9lie")]).new_names == ()


def test_the_longer_name_is_read_first() -> None:
    slotted = slot_message("draw bo junior and bo", [BO, card("bo junior")])
    assert slotted.text == "draw <c0> and <c1>"


def test_more_names_than_slots_stay_words() -> None:
    cards = [card(f"dog{i}") for i in range(12)]
    slotted = slot_message(" ".join(f"<dog{i}>" for i in range(12)), cards)
    assert len(slotted.names) == 10
    assert slotted.text.endswith("<c9> dog10 dog11")


@given(st.text(max_size=60))
def test_no_bracket_leaves_but_those_of_given_slots(text: str) -> None:
    slotted = slot_message(text, [BO, MIA])
    bare = re.sub(r"<c\d>", "", slotted.text)
    assert "<" not in bare
    assert ">" not in bare
    assert all(int(s[2]) < len(slotted.names) for s in slots_in(slotted.text))


def test_unslot_puts_the_spelling_back() -> None:
    assert unslot("<c1> and <c0>, <c7>", ["Bo", "Mia"]) == "<Mia> and <Bo>, <c7>"


def test_renumber_and_restore_are_inverse() -> None:
    order = ("<c3>", "<c0>")
    assert renumber("<c0> with <c3>", order) == "<c1> with <c0>"
    assert restore(renumber("<c0> with <c3>", order), order) == "<c0> with <c3>"


def test_suggest_finds_the_near_name_only() -> None:
    assert suggest("zoe", ["zoey", "bo"]) == "zoey"
    assert suggest("alexander", ["bo"]) is None
