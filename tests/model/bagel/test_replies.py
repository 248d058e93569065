"""Replies are read strictly, and what can be written can be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnipersona.model.bagel.prompts import Parsed, fact_question, write_facts, write_parsed
from omnipersona.model.bagel.replies import (
    Cannot,
    UnreadableReply,
    read_facts,
    read_parsed,
    read_recall,
    read_rewrite,
)
from omnipersona.model.contract import INTENTS, PICTURE_REFS, Statement

SLOTS = ("<c0>", "<c1>")
WORDS = st.from_regex(r"[a-z]{1,8}( [a-z]{1,8}){0,2}", fullmatch=True)


@given(
    st.builds(
        Parsed,
        intent=st.sampled_from(INTENTS),
        picture=st.sampled_from(PICTURE_REFS),
        concepts=st.lists(st.sampled_from(SLOTS), unique=True).map(tuple),
        questions=st.lists(
            st.builds(fact_question, st.sampled_from(SLOTS), WORDS), unique=True, max_size=4
        ).map(tuple),
    )
)
def test_a_written_parse_is_read_back(parsed: Parsed) -> None:
    assert read_parsed(write_parsed(parsed), SLOTS) == parsed


@given(
    st.lists(
        st.builds(Statement, subject=st.sampled_from([*SLOTS, ""]), attribute=WORDS, value=WORDS),
        max_size=4,
    ).map(tuple)
)
def test_written_facts_are_read_back(statements: tuple[Statement, ...]) -> None:
    assert read_facts(write_facts(statements), SLOTS) == statements


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "generate",
        "generate; none; <c0>",
        "draw; none; <c0>; none",
        "generate; some; <c0>; none",
        "generate; none; <c2>; none",
        "generate; none; bo; none",
        "generate; none; ; none",
        "generate; none; <c0>; what is the toy of <c5>?",
        "generate; none; <c0>; no question",
        "generate; none; <c0>; what? and more",
        "generate; none; none; none\nforget; none; none; none",
        "Generate; none; none; none",
    ],
)
def test_a_parse_in_another_form_is_refused(reply: str) -> None:
    with pytest.raises(UnreadableReply):
        read_parsed(reply, SLOTS)


@pytest.mark.parametrize("reply", ["", "a red ball", "<c0> toy", "<c4> toy: a ball", "bo toy: x"])
def test_facts_in_another_form_are_refused(reply: str) -> None:
    with pytest.raises(UnreadableReply):
        read_facts(reply, SLOTS)


def test_a_rewrite_is_a_prompt_or_what_cannot_be_drawn() -> None:
    assert read_rewrite(" <c0> runs ", SLOTS) == "<c0> runs"
    assert read_rewrite("cannot: a plane", SLOTS) == Cannot("a plane")
    for reply in ("", "cannot: ", "<c9> runs", "one\ntwo"):
        with pytest.raises(UnreadableReply):
            read_rewrite(reply, SLOTS)


def test_recall_knows_unknown() -> None:
    assert read_recall("Unknown.") is None
    assert read_recall("a red ball") == "a red ball"
