"""Words to ids and back; no text makes a special id."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles.random_weights import small_tokenizer

from omnipersona.model.bagel.tokenizer import BEGIN, END, END_OF_IMAGE, START_OF_IMAGE, Tokenizer
from omnipersona.model.errors import WeightsError

WORDS = small_tokenizer()
SPECIAL = {WORDS.begin, WORDS.end, WORDS.markers.start_of_image, WORDS.markers.end_of_image}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
SPECIAL_TEXT = st.lists(
    st.sampled_from([BEGIN, END, START_OF_IMAGE, END_OF_IMAGE, "<|", "|>", "<c3>", "<", "a", "|"]),
    max_size=8,
).map("".join)


@given(text=TEXT)
def test_any_text_comes_back_but_for_a_broken_special_bracket(text: str) -> None:
    ids, places = WORDS.encode(text)
    assert WORDS.decode(ids) == text.replace("<|", "< |")
    assert places == []


@given(text=st.one_of(TEXT, SPECIAL_TEXT), filled=st.sets(st.integers(0, 9)))
def test_no_text_makes_a_special_id(text: str, filled: set[int]) -> None:
    assert not SPECIAL & set(WORDS.encode(text, filled=filled)[0])


@given(text=SPECIAL_TEXT)
def test_only_a_whole_slot_is_a_place(text: str) -> None:
    ids, places = WORDS.encode(text, filled={3})
    assert len(places) == text.count("<c3>")
    assert all(0 <= at < len(ids) and index == 3 for at, index in places)


def test_filled_and_bare_slots_take_one_id_each() -> None:
    ids, places = WORDS.encode("<c0> and <c1>", filled=[0])
    assert places == [(0, 0)]
    assert WORDS.decode(ids) == "<c0> and <c1>"
    assert len(WORDS.encode("<c7>")[0]) == 1


@pytest.mark.parametrize("text", ["<c10>", "<c>", "< c1>", "<C1>", "<cx>"])
def test_what_only_looks_like_a_slot_is_plain_text(text: str) -> None:
    assert WORDS.encode(text, filled=range(10))[1] == []


def test_a_tokenizer_survives_its_file(tmp_path: Path) -> None:
    WORDS.write(tmp_path)
    again = Tokenizer.read(tmp_path)
    assert again.encode("draw <c0> at the beach") == WORDS.encode("draw <c0> at the beach")
    assert again.vocab_size == WORDS.vocab_size


@pytest.mark.parametrize("content", [None, "", "{}", '{"version": "1.0"}', "\x00"])
def test_a_missing_or_damaged_file_is_named(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(WeightsError, match=r"tokenizer\.json"):
        Tokenizer.read(tmp_path)
