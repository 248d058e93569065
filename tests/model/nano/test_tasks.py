"""Samples of pretraining say only what is so."""

import random
from pathlib import Path

import pytest
import torch
from torch import Tensor

import omnipersona.model.nano
from omnipersona.model.nano.cells import LABELS
from omnipersona.model.nano.corpus.captions import free_caption
from omnipersona.model.nano.pixels import random_scene
from omnipersona.model.nano.plans import Latent, Plan
from omnipersona.model.nano.recipe import read_recipe
from omnipersona.model.nano.tasks import TaskSampler
from omnipersona.model.nano.world import COLORS
from omnipersona.model.sequence.segments import TextSegment, UndImage
from omnipersona.model.text.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.read(Path(omnipersona.model.nano.__file__).parent / "checkpoint")


@pytest.fixture
def sampler(tokenizer: Tokenizer) -> TaskSampler:
    return TaskSampler(tokenizer, read_recipe().config, 16, random.Random(5))


def texts(plan: Plan, tokenizer: Tokenizer) -> list[str]:
    found = [part.ids for part in plan.parts if isinstance(part, TextSegment)]
    return [tokenizer.decode(ids).strip() for ids in found]


def test_what_is_told_holds_every_answer(sampler: TaskSampler, tokenizer: Tokenizer) -> None:
    for _ in range(200):
        told, *exchanges = texts(sampler.told(0.0), tokenizer)
        assert exchanges
        for answer in exchanges[1::2]:
            assert answer in told.lower()


def test_captions_name_the_object_first_as_often_as_last() -> None:
    rng = random.Random(3)
    firsts: list[bool] = []
    while len(firsts) < 300:
        scene = random_scene(rng)
        if len(scene.figures) != 1 or scene.thing is None:
            continue
        text = free_caption(scene, {}, rng, "train").lower()
        thing, who = (
            text.find(word) for word in (scene.thing.kind, scene.figures[0].identity.species)
        )
        if min(thing, who) >= 0:
            firsts.append(thing < who)
    assert 0.3 < sum(firsts) / len(firsts) < 0.6


@pytest.mark.parametrize("task", ["draw", "look", "edit"])
def test_labels_lie_at_pictures(sampler: TaskSampler, task: str) -> None:
    for _ in range(20):
        plan = sampler.makers[task](0.3)
        for i, cells in plan.cells.items():
            part = plan.parts[i]
            assert isinstance(part, UndImage) or (isinstance(part, Latent) and part.is_target)
            assert cells.shape == (64, len(LABELS))
            assert bool((cells >= 0).all())
            assert bool((cells <= 1).all())


def test_a_figure_s_cells_have_one_color_each(sampler: TaskSampler) -> None:
    columns = [i for i, (group, word) in enumerate(LABELS) if group == "color" and word in COLORS]
    species = [i for i, (group, _) in enumerate(LABELS) if group == "species"]
    seen: list[Tensor] = []
    while len(seen) < 10:
        seen += sampler.look(0.0).cells.values()
    cells = torch.cat(seen)
    torch.testing.assert_close(cells[:, columns].sum(1), cells[:, species].sum(1))
