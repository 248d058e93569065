"""Cleaning of text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnipersona.store.errors import InvalidText
from omnipersona.store.text import clean_text, compare_key, longest_run_of_marks


@pytest.mark.parametrize("text", ["", "   ", "\n\t ", "\x00", "\u200b\u200d", "\ud800", "\u202e"])
def test_text_with_nothing_to_see_is_refused(text: str) -> None:
    with pytest.raises(InvalidText, match="The value is empty"):
        clean_text(text, "the value")


def test_text_that_is_too_long_is_refused_with_both_lengths() -> None:
    with pytest.raises(InvalidText, match="1000000 characters; at most 4000"):
        clean_text("a" * 1_000_000)
    assert len(clean_text("a" * 4000)) == 4000


def test_hidden_characters_are_dropped() -> None:
    assert clean_text("a\u202ered\u200b \ud800ball\x00\n") == "ared ball"


def test_towers_of_marks_are_cut() -> None:
    assert longest_run_of_marks(clean_text("e" + "\u0301" * 500)) <= 4


def test_comparison_ignores_case_spaces_and_normal_form() -> None:
    assert compare_key("  Z\u00dc  Rich") == compare_key("zu\u0308 rich")


@given(st.text())
def test_whatever_is_kept_can_be_written_and_seen(text: str) -> None:
    try:
        cleaned = clean_text(text)
    except InvalidText:
        return
    assert cleaned.encode()
    assert cleaned == cleaned.strip()
    assert all(unicodedata.category(c) not in ("Cf", "Cs") for c in cleaned)
