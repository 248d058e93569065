"""A step's batch depends on its number alone, and knows whose its pictures are."""

from dataclasses import replace

import pytest
import torch

from omnipersona.model.team import ALONE
from omnipersona.model.text.tokenizer import Tokenizer
from omnipersona.training.recipe import Stage, read_recipe
from omnipersona.training.samples.dataloader import Batch, Batches


@pytest.fixture
def batches(tokenizer: Tokenizer) -> Batches:
    counts = dict.fromkeys(("draw", "look", "recognise", "text", "edit", "facts", "echo"), 2)
    stage = Stage(until=10**9, concept_share=0.5, told=0, **counts)
    return Batches(replace(read_recipe(), stages=(stage,)), tokenizer, ALONE)


def _tensors(batch: Batch) -> list[torch.Tensor]:
    found = [batch.pixels]
    for part in batch.parts:
        latents = part.packed.latents
        found += [part.packed.text_ids, part.packed.label_weights, part.pictures, *part.foreground]
        found += [part.aims.seen.labels, part.aims.painted.labels, part.aims.compared.labels]
        found += [] if latents is None else [latents.t]
    return found


def test_batches_made_ahead_are_those_made_when_asked_for(batches: Batches) -> None:
    steps = range(5, 9)
    for ahead, asked in zip(batches.stream(steps, 2), batches.stream(steps, 0), strict=True):
        assert all(map(torch.equal, _tensors(ahead), _tensors(asked)))
        assert [one.number for one in ahead.used] == [one.number for one in asked.used]


def test_no_two_steps_are_alike(batches: Batches) -> None:
    assert not torch.equal(batches[1].pixels, batches[2].pixels)


def test_every_latent_belongs_to_a_picture_and_every_target_to_a_foreground(
    batches: Batches,
) -> None:
    batch = batches[3]
    with_pictures = [part for part in batch.parts if part.packed.latents is not None]
    assert with_pictures
    for part in with_pictures:
        assert part.packed.latents is not None
        assert int(part.pictures.max()) < len(batch.pixels)
        per_picture = batches.recipe.config.max_latent_size**2
        assert len(part.packed.latents.tokens) == per_picture * len(part.pictures)
        assert int(part.packed.is_target.sum()) == sum(map(len, part.foreground))
        # Only targets have a time of their own.
        assert torch.equal(part.packed.latents.t[:, 0] > 0, part.packed.is_target)
