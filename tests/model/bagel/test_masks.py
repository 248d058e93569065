"""Masks are the drawing at the head of their file, and never let samples meet."""

import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from omnipersona.model.bagel import transformer
from omnipersona.model.bagel.transformer import AttnMode, pack_mask, sample_mask

MODES: list[AttnMode] = ["causal", "full", "noise"]
BLOCKS = st.lists(st.tuples(st.integers(1, 4), st.sampled_from(MODES)), min_size=1, max_size=5)


def test_the_mask_is_the_drawing() -> None:
    drawn = [
        [int(digit) for digit in re.findall(r"\b[01]\b", line.split('"')[0])]
        for line in (transformer.__doc__ or "").splitlines()
        if re.search(r"[01] [01]  [01] [01]  [01] [01]", line)
    ]
    assert len(drawn) == 6
    assert sample_mask([2, 2, 2], MODES).int().tolist() == drawn


@given(blocks=BLOCKS)
def test_every_row_sees_itself_and_nothing_of_a_later_block(
    blocks: list[tuple[int, AttnMode]],
) -> None:
    lens, modes = [n for n, _ in blocks], [mode for _, mode in blocks]
    mask = sample_mask(lens, modes)
    block = [i for i, n in enumerate(lens) for _ in range(n)]
    assert bool(mask.diagonal().all())
    for i, row in enumerate(mask.tolist()):
        for j, seen in enumerate(row):
            same = block[i] == block[j]
            if block[j] > block[i] or (not same and modes[block[j]] == "noise"):
                assert not seen
            elif same:
                assert seen == (modes[block[i]] != "causal" or j <= i)
            else:
                assert seen


def test_a_side_branch_sees_the_trunk_before_it_and_itself() -> None:
    trunk, first, second = 0, 1, 2
    mask = sample_mask([1] * 5, ["causal"] * 5, [trunk, first, second, first, trunk])
    assert mask.int().tolist() == [
        [1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [1, 0, 1, 0, 0],
        [1, 1, 0, 1, 0],
        [1, 0, 0, 0, 1],
    ]


@pytest.mark.parametrize("lens", [[1], [2, 3], [1, 4, 2]])
def test_samples_of_a_pack_are_blind_to_one_another(lens: list[int]) -> None:
    whole = pack_mask([sample_mask([n], ["full"]) for n in lens])
    owner = torch.repeat_interleave(torch.arange(len(lens)), torch.tensor(lens))
    assert torch.equal(whole, owner[:, None] == owner[None, :])
