"""The table of what each guidance context has read."""

import pytest
import torch
from oracles.random_weights import gen_image, und_image

from omnipersona.model.bagel.config import tiny
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.sequence import Markers, TextSegment
from omnipersona.model.bagel.velocity_batch import CFGContexts

MARKERS = Markers(2, 3)
SYSTEM = TextSegment(ids=[0, 10, 11, 1])
TEXT = TextSegment(ids=[0, 20, 21, 22, 1])
THOUGHT = TextSegment(ids=[0, 30, 1])
VAE, VIT = gen_image(tiny(), 2, 2), und_image(tiny(), 2, 3)


def _counts(guidance: CFGContexts) -> dict[str, tuple[int, int]]:
    named = {
        "full": guidance.full,
        "no text": guidance.without_text,
        "no image": guidance.without_image,
    }
    return {name: (one.cache.length, one.cache.next_position) for name, one in named.items()}


@pytest.fixture
def guidance(net: OmniModel) -> CFGContexts:
    return CFGContexts.empty(net, MARKERS)


@torch.no_grad()
def test_drawing_from_words(guidance: CFGContexts) -> None:
    guidance.add_text(TEXT)
    assert _counts(guidance) == {"full": (5, 5), "no text": (0, 0), "no image": (5, 5)}
    assert guidance.image_free_equals_full


@torch.no_grad()
def test_editing_a_picture(guidance: CFGContexts) -> None:
    guidance.add_picture(VAE, VIT)
    guidance.add_text(TEXT)
    assert _counts(guidance) == {"full": (19, 7), "no text": (14, 2), "no image": (5, 5)}
    assert not guidance.image_free_equals_full


@torch.no_grad()
def test_words_before_a_picture_stay_in_every_context(guidance: CFGContexts) -> None:
    guidance.add_text(TEXT)
    guidance.add_picture(VAE, VIT)
    assert _counts(guidance) == {"full": (19, 7), "no text": (19, 7), "no image": (5, 5)}


@torch.no_grad()
def test_of_several_texts_only_the_last_is_left_out(guidance: CFGContexts) -> None:
    guidance.add_text(TEXT)
    guidance.add_text(THOUGHT)
    assert _counts(guidance) == {"full": (8, 8), "no text": (5, 5), "no image": (8, 8)}


@torch.no_grad()
def test_a_thought_is_read_by_the_full_context_alone(guidance: CFGContexts) -> None:
    guidance.add_system(SYSTEM)
    guidance.add_text(TEXT)
    guidance.add_thought(THOUGHT)
    assert _counts(guidance) == {"full": (12, 12), "no text": (4, 4), "no image": (9, 9)}


@torch.no_grad()
@pytest.mark.parametrize("keep", [True, False])
def test_a_setting_keeps_the_concept_prefix_without_text(guidance: CFGContexts, keep: bool) -> None:
    guidance.add_prefix(SYSTEM, keep_without_text=keep)
    assert _counts(guidance)["no text"] == ((4, 4) if keep else (0, 0))
    guidance.add_picture(None, VIT)
    assert _counts(guidance)["no text"] == (12, 5)
