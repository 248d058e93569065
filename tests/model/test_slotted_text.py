"""A text with concepts shows itself to a person and to a model, and comes back from one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnipersona.model.slotted_text import ConceptRef, Slots, SlottedText

BO, MIA, REX = (ConceptRef(name, f"id-{name}") for name in ("bo", "mia", "rex"))
TEXTS = st.lists(st.sampled_from(["<c0>", "<c1>", "<c2>", " with ", " at "]), max_size=8).map(
    "".join
)


def test_slots_are_numbered_by_mention() -> None:
    text = SlottedText.of("<c2> with <c0>, <c2>", [BO, MIA, REX])
    assert text == SlottedText("<c0> with <c1>, <c0>", (REX, BO))
    assert text.spelled == "<rex> with <bo>, <rex>"


def test_a_request_has_one_numbering_for_all_its_texts() -> None:
    first, second = SlottedText("<c0> runs", (MIA,)), SlottedText("<c0> and <c1>", (BO, MIA))
    slots = Slots.of(first, second, also=[REX])
    assert (slots.write(first), slots.write(second)) == ("<c0> runs", "<c1> and <c0>")
    assert slots.of_concept(REX) == "<c2>"
    assert slots.concept("<c1>") == BO


@given(TEXTS)
def test_what_is_written_is_read_back(text: str) -> None:
    told = SlottedText.of(text, [BO, MIA, REX])
    assert Slots([REX, MIA, BO]).read(Slots([REX, MIA, BO]).write(told)) == told


def test_a_slot_that_a_model_invents_is_dropped() -> None:
    assert Slots([BO]).read("<c0> and <c7>").spelled == "<bo> and "


def test_a_slot_of_nobody_is_an_error() -> None:
    with pytest.raises(ValueError, match="none of the 1 slots"):
        Slots([BO]).concept("<c1>")
    with pytest.raises(IndexError):
        SlottedText.of("<c1>", [BO])


def test_an_empty_text_says_nothing() -> None:
    assert not SlottedText(" ")
    assert SlottedText("<c0>", (BO,))
