"""Rows, RoPE ids and labels of packed samples."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles.random_weights import gen_image, gen_target, random_model, und_image
from torch.testing import assert_close

from omnipersona.model.bagel.config import tiny
from omnipersona.model.bagel.sequence import Markers, Sample, Segment, SoftRow, TextSegment, pack

MARKERS = Markers(2, 3)
CONFIG = tiny()


def _positions(*segments: Segment) -> list[int]:
    packed = pack([Sample(segments=segments)], MARKERS)
    return packed.layout.positions[0].tolist()


def test_an_image_block_takes_one_rope_id_and_a_noise_block_none() -> None:
    text = TextSegment(ids=[0, 1])
    assert _positions(text, und_image(CONFIG, 1, 2), text) == [0, 1, 2, 2, 2, 2, 3, 4]
    assert _positions(text, gen_target(CONFIG, 1, 1), text) == [0, 1, 2, 2, 2, 2, 3]


def test_a_side_branch_goes_on_from_the_trunk_and_takes_no_rope_id() -> None:
    text, aside = TextSegment(ids=[0, 1]), TextSegment(ids=[5, 6], branch=1)
    other = TextSegment(ids=[7, 8, 9], branch=2)
    assert _positions(text, aside, aside, other, text) == [0, 1, 2, 3, 4, 5, 2, 3, 4, 2, 3]


def test_a_dropped_picture_spends_its_rope_id_and_a_dropped_text_none() -> None:
    image = und_image(CONFIG, 1, 1)
    gone = type(image)(patches=image.patches, position_ids=image.position_ids, dropped=True)
    assert _positions(gone, TextSegment(ids=[0, 1])) == [1, 2]
    assert _positions(TextSegment(ids=[5, 6], dropped=True), TextSegment(ids=[0, 1])) == [0, 1]


def test_every_row_but_the_last_predicts_its_successor() -> None:
    text = TextSegment(ids=[0, 7, 8, 1], has_loss=True, soft=(SoftRow(at=1, index=4),))
    packed = pack([Sample(segments=(text,))], MARKERS)
    assert packed.labels.tolist() == [7, 8, 1]
    assert packed.text_ids.tolist() == [0, 8, 1]
    assert packed.soft_und.tolist() == [4]
    assert packed.label_rows.tolist() == [0, 3, 1]


def test_a_sample_without_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="sample 1 has no rows"):
        pack(
            [
                Sample(segments=(TextSegment(ids=[0]),)),
                Sample(segments=(TextSegment(ids=[0], dropped=True),)),
            ],
            MARKERS,
        )


@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=12))
def test_bins_never_overlap_and_never_mix_samples(lengths: list[int]) -> None:
    samples = [Sample(segments=(TextSegment(ids=[100 + i] * n),)) for i, n in enumerate(lengths)]
    packed = pack(samples, MARKERS)
    bins, longest = packed.layout.row_at.shape
    assert longest == max(lengths)
    assert bins <= len(lengths)
    owner = torch.full((bins * longest,), -1)
    for i, (at, n) in enumerate(zip(packed.sample_at, lengths, strict=True)):
        assert bool((owner[at : at + n] == -1).all())
        owner[at : at + n] = i
        assert at // longest == (at + n - 1) // longest
    grid = owner.view(bins, longest)
    same = grid[:, :, None] == grid[:, None, :]
    real = (grid >= 0)[:, :, None]
    assert not bool((packed.layout.mask[:, 0] & real & ~same).any())
    assert bool(packed.layout.mask[:, 0].any(-1).all())


def test_painted_and_read_pictures_lie_with_their_experts() -> None:
    packed = pack([Sample(segments=(gen_image(CONFIG, 1, 2), und_image(CONFIG, 1, 3)))], MARKERS)
    assert packed.layout.gen_at.tolist() == [1, 2]
    assert packed.layout.und_at.tolist() == [0, 3, 4, 8, 5, 6, 7]
    assert packed.text_ids.tolist() == [2, 3, 2, 3]
    assert packed.is_target.tolist() == [False, False]


@torch.no_grad()
def test_a_picture_that_was_read_before_is_not_read_again_and_means_the_same() -> None:
    model = random_model(CONFIG)
    before, other = und_image(CONFIG, 2, 2, seed=1), und_image(CONFIG, 1, 3, seed=2)
    rows = model.vision_rows(before.patches, before.position_ids, [4])
    said = TextSegment(ids=[0, 7, 8, 1], has_loss=True)
    fresh = pack([Sample(segments=(image, said)) for image in (before, other)], MARKERS)
    known = pack(
        [Sample(segments=(image, said)) for image in (replace(before, rows=rows), other)], MARKERS
    )
    assert known.patches is not None
    assert known.patches.lengths == [3]
    assert_close(model(known).ce, model(fresh).ce)
