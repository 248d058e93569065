"""The prefix and the slots of concepts."""

import pytest
import torch
from oracles.random_weights import noise, small_tokenizer

from omnipersona.model.bagel.prompt_layout import ConceptRows, Prompter, Use
from omnipersona.model.concepts.tokens import ConceptTokens

WORDS = small_tokenizer()
ROWS = [
    ConceptRows(start=0, num_und=2, num_gen=3),
    ConceptRows(start=6, num_und=1, num_gen=2, routing="unified"),
]


def test_the_prefix_holds_sks_und_and_gen_in_order() -> None:
    first, second = Prompter(WORDS, ROWS).prefixes("read")
    assert [(row.index, row.is_gen) for row in first.soft] == [
        (0, False), (1, False), (2, False), (3, True), (4, True), (5, True)
    ]  # fmt: skip
    assert [(row.index, row.is_gen) for row in second.soft] == [(6, False)] + [
        (i, False) for i in (7, 8, 9)
    ]
    soft = {row.at for row in first.soft}
    kept = [token for at, token in enumerate(first.ids) if at not in soft]
    assert WORDS.decode(kept) == " is."
    assert (first.ids[0], first.ids[-1]) == (WORDS.begin, WORDS.end)


def test_apart_shows_each_use_the_tokens_of_its_side() -> None:
    prompter = Prompter(WORDS, [ConceptRows(start=0, num_und=2, num_gen=3, routing="apart")])
    (reading,), (drawing,) = prompter.prefixes("read"), prompter.prefixes("draw")
    assert [(row.index, row.is_gen) for row in reading.soft] == [(0, False), (1, False), (2, False)]
    assert [(row.index, row.is_gen) for row in drawing.soft] == [
        (0, False), (3, True), (4, True), (5, True)
    ]  # fmt: skip
    for prefix in (reading, drawing):
        soft = {row.at for row in prefix.soft}
        kept = [token for at, token in enumerate(prefix.ids) if at not in soft]
        assert WORDS.decode(kept) == " is."


@pytest.mark.parametrize(("use", "rows"), [("read", [4, 5, 6]), ("draw", [10, 7, 8, 9])])
def test_each_use_has_an_identifier_and_tokens_of_its_own(use: Use, rows: list[int]) -> None:
    table = noise(1, 6, 8)
    apart = ConceptTokens.from_table(table, num_und=2, routing="apart")
    assert apart.table().equal(torch.cat([table, table[:1]]))
    place = ConceptRows.of(apart, 4)
    assert place.num_rows == len(apart.table())
    prompter = Prompter(WORDS, [place])
    (prefix,) = prompter.prefixes(use)
    assert [row.index for row in prefix.soft] == rows
    assert [row.index for row in prompter.text("<c0>!", use=use).soft] == rows[:1]


def test_a_slot_is_its_concepts_sks_vector_everywhere() -> None:
    text = Prompter(WORDS, ROWS).text("<c1> and <c0> and <c1> but <c2>")
    assert [row.index for row in text.soft] == [6, 0, 6]
    assert all(not row.is_gen for row in text.soft)


def test_a_table_splits_where_it_was_joined() -> None:
    table = noise(1, 33, 8)
    tokens = ConceptTokens.from_table(table)
    assert (tokens.num_und, tokens.num_gen, tokens.gen_sks) == (16, 16, None)
    assert tokens.table().equal(table)
