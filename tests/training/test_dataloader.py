"""A step's batch depends on its number alone, and knows whose its pictures are."""

from dataclasses import replace

import pytest
import torch

from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.model.engine.distributed import ALONE
from omnipersona.training.recipe import Stage, read_recipe
from omnipersona.training.samples.dataloader import Batch, Batches
from omnipersona.training.samples.plans import TASKS


@pytest.fixture
def batches(tokenizer: Tokenizer) -> Batches:
    counts = dict.fromkeys(("draw", "look", "recognise", "text", "edit", "facts", "echo"), 2)
    stage = Stage(until=10**9, concept_share=0.5, told=0, **counts)
    return Batches(replace(read_recipe(), stages=(stage,)), tokenizer, ALONE)


def _tensors(batch: Batch) -> list[torch.Tensor]:
    found = [batch.pixels]
    for part in batch.parts:
        found += [part.packed.text_ids, part.packed.label_weights, part.pictures]
        found += [part.sources, part.targets, part.cell_weights, part.label_tasks]
        found += [part.aims.seen.labels, part.aims.painted.labels, part.aims.compared.labels]
    return found


def test_batches_made_ahead_are_those_made_when_asked_for(batches: Batches) -> None:
    steps = range(5, 9)
    for ahead, step in zip(batches.made_ahead(steps, 2), steps, strict=True):
        asked = batches[step]
        assert all(map(torch.equal, _tensors(ahead), _tensors(asked)))
        assert [one.number for one in ahead.used] == [one.number for one in asked.used]


def test_no_two_steps_are_alike(batches: Batches) -> None:
    assert not torch.equal(batches[1].pixels, batches[2].pixels)


def test_every_latent_belongs_to_a_picture_and_every_target_has_a_number(
    batches: Batches,
) -> None:
    batch, numbers = batches[3], set[int]()
    per_picture = batches.recipe.config.max_latent_size**2
    for part in batch.parts:
        latents = part.packed.latents
        if latents is None:
            continue
        assert max(part.pictures.tolist() + part.sources.tolist()) < len(batch.pixels)
        assert len(latents.tokens) == per_picture * len(part.pictures)
        assert len(latents.source) == per_picture * len(part.sources) == len(latents.edited)
        is_target = part.packed.is_target
        assert torch.equal(part.targets >= 0, is_target)
        assert len(part.cell_weights) == len(part.target_tasks) == int(is_target.sum())
        numbers |= set(part.targets[is_target].tolist())
        assert len(part.label_tasks) == len(part.packed.labels)
        # An edit counts one in the mean of its target, as a drawing does.
        means = part.cell_weights.view(-1, per_picture).mean(1)
        torch.testing.assert_close(means, torch.ones_like(means))
    assert numbers == set(range(batch.num_targets))


def test_text_tasks_can_be_left_out_by_one_switch(batches: Batches) -> None:
    without = Batches(replace(batches.recipe, with_text_tasks=False), batches.tokenizer, ALONE)
    text, echo = TASKS.index("text"), TASKS.index("echo")

    def seen(one: Batches) -> set[int]:
        return {int(task) for part in one[3].parts for task in part.label_tasks}

    assert {text, echo} <= seen(batches)
    assert not {text, echo} & seen(without)


def test_a_scaled_batch_has_so_many_times_as_many_samples(batches: Batches) -> None:
    scaled = Batches(batches.recipe, batches.tokenizer, ALONE, scale=3)
    assert scaled[3].num_samples == 3 * batches[3].num_samples
