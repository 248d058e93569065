"""Texts of data sets: names become slots, options are told from their question."""

from pathlib import Path

import pytest

from omnipersona.bench.datasets.folder import DatasetError, Node
from omnipersona.bench.datasets.wording import answer_letter, split_options, with_slot


def _given(text: str) -> Node:
    return Node(file=Path("x.json"), field="answer", value=text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<image>\nIs <bo> here?", "Is <c0> here?"),
        ("Is <Bo>'s hat red?", "Is <c0>'s hat red?"),
        ("What is sks's breed?", "What is <c0>'s breed?"),
        ("<sks> and <mam>", "<c0> and <mam>"),
        ("tasks of bo", "tasks of bo"),
    ],
)
def test_the_name_and_its_stand_in_become_the_slot(text: str, expected: str) -> None:
    assert with_slot(text, "bo") == expected


def test_a_name_is_taken_letter_for_letter() -> None:
    assert with_slot("<a.b> <axb>", "a.b") == "<c0> <axb>"


@pytest.mark.parametrize(
    "question",
    [
        "Which?\nA. a dog\nB. two cats",
        "Which? A) a dog, B) two cats",
        "Which?\n(A) a dog\n(B) two cats\nGive the letter.",
        "Which? A: a dog B: two cats",
    ],
)
def test_options_are_told_from_their_question(question: str) -> None:
    assert split_options(question) == ("Which?", (("A", "a dog"), ("B", "two cats")))


@pytest.mark.parametrize("question", ["Is it vitamin A. or not?", "B. first A. then", "Which?"])
def test_a_question_without_options_stays_whole(question: str) -> None:
    assert split_options(question) == (question, ())


@pytest.mark.parametrize("text", ["B", "b.", "(B)", "B. two cats", "Two cats."])
def test_the_answer_is_a_letter_or_an_option(text: str) -> None:
    assert answer_letter(_given(text), (("A", "a dog"), ("B", "two cats"))) == "B"


@pytest.mark.parametrize("text", ["C", "three", "AB"])
def test_an_answer_that_is_no_option_is_refused(text: str) -> None:
    with pytest.raises(DatasetError, match="one of the letters A, B"):
        answer_letter(_given(text), (("A", "a dog"), ("B", "two cats")))
