"""Names become concepts of a text; nothing typed can stand for a slot or a special token."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnipersona.model.contract import MAX_CONCEPTS
from omnipersona.model.slotted_text import ConceptRef
from omnipersona.store.text import compare_key
from omnipersona.tools.naming import is_name, read_bracketed, read_names, suggest

BO, MIA = ConceptRef("bo", "id-bo"), ConceptRef("mia", "id-mia")


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
    assert read_names(text, [BO, MIA]).template == slotted


def test_a_text_is_shown_in_the_known_spelling() -> None:
    assert read_names("is MIA with <zoe>?", [BO, MIA]).spelled == "is <mia> with <zoe>?"


def test_a_new_name_has_no_id() -> None:
    assert read_names("this is <Zoe>, a friend of bo", [BO]).concepts == (ConceptRef("Zoe"), BO)


def test_both_normal_forms_are_one_name() -> None:
    amelie = ConceptRef("am\u00e9lie", "id")
    assert read_names("draw <ame\u0301lie>", [amelie]).concepts == (amelie,)


def test_the_longer_name_is_read_first() -> None:
    text = read_names("draw bo junior and bo", [BO, ConceptRef("bo junior", "id")])
    assert text.template == "draw <c0> and <c1>"


def test_more_names_than_slots_stay_words() -> None:
    text = read_names(" ".join(f"<dog{i}>" for i in range(12)), [])
    assert len(text.concepts) == MAX_CONCEPTS
    assert text.template.endswith("<c9> dog10 dog11")


@given(st.text(max_size=60))
def test_no_bracket_leaves_but_those_of_given_slots(text: str) -> None:
    named = read_names(text, [BO, MIA])
    bare = re.sub(r"<c\d>", "", named.template)
    assert "<" not in bare
    assert ">" not in bare


def test_only_known_names_in_brackets_count_where_a_text_is_not_free() -> None:
    assert read_bracketed("<Bo> and <mia>, bo and <c1>", [BO]).template == "<c0> and mia, bo and c1"


def test_names_that_could_be_tokens_or_slots_are_none() -> None:
    assert is_name("Bo")
    for bad in ("c0", "|im_start|", "", "  ", "x" * 100, "image", "a/b"):
        assert not is_name(bad)


def test_case_and_form_do_not_make_another_name() -> None:
    assert compare_key("AM\u00c9LIE") == compare_key("ame\u0301lie")


def test_suggest_finds_the_near_name_only() -> None:
    assert suggest("zoe", ["zoey", "bo"]) == "zoey"
    assert suggest("alexander", ["bo"]) is None
