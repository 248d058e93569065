"""Batches are used several times, each time with other noise, and the pool rolls on."""

import multiprocessing
import threading
from dataclasses import replace

import pytest
import torch

from omnipersona.model.bagel.checkpoint.loading import load_folder
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.model.bagel.vae import to_tokens
from omnipersona.model.engine.distributed import ALONE
from omnipersona.model.registry import NANO_FOLDER
from omnipersona.training.recipe import Stage, read_recipe
from omnipersona.training.samples.dataloader import Batches, as_pixels
from omnipersona.training.samples.pool import Pool, fresh_times, noisy


@pytest.fixture(scope="module")
def model() -> OmniModel:
    return load_folder(NANO_FOLDER)


@pytest.fixture
def batches(tokenizer: Tokenizer) -> Batches:
    counts = dict.fromkeys(("look", "recognise", "text", "facts", "told", "echo"), 0)
    stage = Stage(until=10**9, concept_share=0.5, draw=2, edit=2, **counts)
    return Batches(replace(read_recipe(), stages=(stage,)), tokenizer, ALONE)


def pool(batches: Batches, model: OmniModel, **settings: int) -> Pool:
    return Pool(batches, model, **{"size": 3, "uses": 2, **settings})


def test_a_batch_serves_several_steps_and_the_oldest_goes(
    batches: Batches, model: OmniModel
) -> None:
    rolling = pool(batches, model)
    seen = [rolling.take(step) for step in range(12)]
    assert rolling.num_new == 6
    assert len({id(one) for one in seen}) < 12
    assert rolling.waited > 0.0
    newest = rolling.take(40)
    assert all(newest is not one for one in seen)


def test_the_batch_of_a_step_does_not_depend_on_where_a_run_began(
    batches: Batches, model: OmniModel
) -> None:
    first, again = pool(batches, model), pool(batches, model)
    whole = [first.take(step) for step in range(9)][-1]
    cut = again.take(8)
    for one, other in zip(whole.parts, cut.parts, strict=True):
        assert torch.equal(one.packed.text_ids, other.packed.text_ids)


def test_latents_in_a_pack_are_those_of_its_pictures(batches: Batches, model: OmniModel) -> None:
    raw, ready = batches[0], pool(batches, model).take(0)
    for before, after in zip(raw.parts, ready.parts, strict=True):
        assert after.packed.latents is not None
        per_picture = after.packed.latents.tokens.unflatten(0, (len(before.pictures), -1))
        with torch.no_grad():
            latents = model.autoencoder.encode(as_pixels(raw.pixels[before.pictures[:1]]))[0]
        wanted = to_tokens(latents, model.config.latent_patch_size)
        torch.testing.assert_close(per_picture[0], wanted, atol=1e-4, rtol=1e-4)
        assert len(after.packed.latents.source) == len(after.packed.latents.edited)


def test_every_use_has_noise_and_times_of_its_own_at_targets_alone(
    batches: Batches, model: OmniModel
) -> None:
    batch = pool(batches, model).take(0)
    packs = []
    for use in range(2):
        times = fresh_times(batch.num_targets, 2.0, 1.5, use, torch.device("cpu"))
        noise = torch.Generator().manual_seed(use)
        packs.append([noisy(part, times, noise) for part in batch.parts])
    for one, other in zip(*packs, strict=True):
        assert one.latents is not None
        assert other.latents is not None
        is_target = one.is_target
        assert not torch.equal(one.latents.noise[is_target], other.latents.noise[is_target])
        assert not torch.equal(one.latents.t[is_target], other.latents.t[is_target])
        for pack in (one, other):
            assert pack.latents is not None
            assert bool((pack.latents.t[is_target] > 0).all())
            assert not bool(pack.latents.t[~is_target].any())
            assert not bool(pack.latents.noise[~is_target].any())
            # A target's tokens share their time.
            of_target = pack.latents.t[is_target].view(-1, 64)
            assert bool((of_target == of_target[:, :1]).all())


def _kept_alive_by() -> set[object]:
    """Return the threads and processes that the program would wait for at its end."""
    threads = {one for one in threading.enumerate() if not one.daemon}
    return threads | set(multiprocessing.active_children())


def test_batches_of_other_processes_come_when_they_come(batches: Batches, model: OmniModel) -> None:
    before = _kept_alive_by()
    fed = pool(batches, model, makers=1)
    seen = [fed.take(step) for step in range(4)]
    assert fed.num_new >= 1
    assert all(one.num_targets > 0 for one in seen)
    fed.close()
    assert _kept_alive_by() <= before
