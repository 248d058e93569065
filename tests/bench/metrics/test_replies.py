"""Replies are read by whole words; what says neither or both is unparsable."""

import pytest

from omnipersona.bench.metrics.replies import (
    chosen_letter,
    is_exact,
    normalised,
    recognition,
    yes_or_no,
)

OPTIONS = (("A", "a red dog"), ("B", "two cats"))


@pytest.mark.parametrize("reply", ["Yes.", "yes, he is", "**Yes**", "Yes, no doubt", "I say yes!"])
def test_yes_is_heard(reply: str) -> None:
    assert yes_or_no(reply) is True


@pytest.mark.parametrize("reply", ["No.", "no", "There is no dog here.", "Nope", "'No', sorry"])
def test_no_is_heard(reply: str) -> None:
    assert yes_or_no(reply) is False


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "...",
        "I know him",
        "Nothing",
        "eyes",
        "I do not know.",
        "Perhaps yes, perhaps no",
        "<c0>",
    ],
)
def test_neither_and_both_are_unparsable(reply: str) -> None:
    assert yes_or_no(reply) is None


@pytest.mark.parametrize(
    "reply",
    [
        "B",
        "b.",
        "(B)",
        "B. two cats",
        "B) cats",
        "The answer is B.",
        "Answer: B because of the tail",
        "I would say B.",
        "It is **B**, clearly",
        "Two cats.",
        "I see two cats there.",
        "The answer is two cats",
    ],
)
def test_a_picked_option_is_found(reply: str) -> None:
    assert chosen_letter(reply, OPTIONS) == "B"


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "C",
        "A dog",
        "Both A and B are",
        "Because",
        "a red dog and two cats",
        "(A) or (B)",
        "It could be A or B",
        "A/B",
        "Bats",
    ],
)
def test_no_option_is_found_where_none_or_several_are_picked(reply: str) -> None:
    assert chosen_letter(reply, OPTIONS) is None


def test_an_article_is_no_letter() -> None:
    assert chosen_letter("The answer is A red dog", OPTIONS) == "A"
    assert chosen_letter("The answer is A dog", (("A", "cat"), ("B", "dog"))) == "B"
    assert chosen_letter("A dog", (("A", "cat"), ("B", "dog"))) == "B"


def test_an_option_is_no_part_of_a_longer_word() -> None:
    assert chosen_letter("He is on the catwalk", (("A", "cat"), ("B", "dog"))) is None


def test_an_option_within_another_is_told_by_the_whole_reply() -> None:
    options = (("A", "dog"), ("B", "hot dog"))
    assert chosen_letter("Hot dog.", options) == "B"
    assert chosen_letter("It is a hot dog", options) is None


def test_without_options_any_letter_counts() -> None:
    assert chosen_letter("(c)") == "C"
    assert chosen_letter("cats") is None


def test_comparison_overlooks_case_articles_and_punctuation_alone() -> None:
    assert normalised("  The Red,  BALL! ") == "red ball"
    assert normalised("a") == "a"
    assert is_exact("A red ball.", "red ball")
    assert not is_exact("red balls", "red ball")
    assert not is_exact("a red ball and a hat", "a red ball")


def test_recognition_is_counted_by_hand() -> None:
    pairs = [
        (True, "Yes"),
        (True, "No"),
        (True, "I know him"),
        (True, "yes"),
        (False, "No."),
        (False, "Yes"),
    ]
    scored = recognition(pairs)
    assert scored.recall == pytest.approx(2 / 4)
    assert scored.specificity == pytest.approx(1 / 2)
    assert scored.weighted == pytest.approx((2 / 4 + 1 / 2) / 2)
    assert scored.accuracy == pytest.approx(3 / 6)
    assert scored.unparsable == pytest.approx(1 / 6)
    assert scored.n == 6


def test_always_yes_is_worth_a_half() -> None:
    scored = recognition([(True, "yes"), (False, "yes"), (False, "yes"), (False, "yes")])
    assert (scored.weighted, scored.accuracy) == (0.5, 0.25)


def test_one_side_alone_is_weighted_alone() -> None:
    scored = recognition([(False, "no"), (False, "hm")])
    assert scored.recall is None
    assert scored.weighted == scored.specificity == 0.5
    with pytest.raises(ValueError, match="No replies"):
        recognition([])
