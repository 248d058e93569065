"""Samples of pretraining say only what is so."""

import random

import pytest
import torch
from torch import Tensor

from omnipersona.model.sequence.segments import TextSegment, UndImage
from omnipersona.model.text.tokenizer import Tokenizer
from omnipersona.training.corpus.captions import free_caption
from omnipersona.training.recipe import read_recipe
from omnipersona.training.samples.pixels import random_scene, shuffled
from omnipersona.training.samples.plans import Latent, Plan
from omnipersona.training.samples.tasks import TaskSampler
from omnipersona.training.world.labels import LABELS
from omnipersona.training.world.scene import COLORS


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


def test_questions_about_a_picture_do_not_see_one_another(sampler: TaskSampler) -> None:
    for _ in range(10):
        parts = sampler.look(0.3).parts
        said = [part for part in parts if isinstance(part, TextSegment) and part.branch]
        branches = [part.branch for part in said]
        assert branches == [1 + i // 2 for i in range(len(said))]
        assert [part.has_loss for part in said] == [i % 2 == 1 for i in range(len(said))]


def test_a_copy_has_its_source_as_target_and_no_words(sampler: TaskSampler) -> None:
    edits = [sampler.edit(0.0) for _ in range(100)]
    copies = [plan for plan in edits if plan.task == "copy"]
    assert 0 < len(copies) < 20
    for plan in copies:
        source, *targets = plan.parts
        assert isinstance(source, Latent)
        assert not source.is_target
        assert len(targets) == len(plan.foreground) > 0
        for target in targets:
            assert isinstance(target, Latent)
            assert target.is_target
            assert target.pixels is source.pixels


def test_a_shuffled_picture_has_the_same_cells_elsewhere() -> None:
    pixels = torch.arange(3 * 8 * 8.0).view(3, 8, 8)
    puzzle = shuffled(pixels, 4, random.Random(2))

    def cells(picture: Tensor) -> list[tuple[float, ...]]:
        corners = [(y, x) for y in range(0, 8, 2) for x in range(0, 8, 2)]
        return [tuple(picture[:, y : y + 2, x : x + 2].flatten().tolist()) for y, x in corners]

    assert sorted(cells(puzzle)) == sorted(cells(pixels))
    assert sum(map(tuple.__ne__, cells(puzzle), cells(pixels))) > 8


@pytest.mark.parametrize("task", ["draw", "look", "recognise", "edit"])
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


def test_recognition_says_no_where_every_figure_differs(
    sampler: TaskSampler, tokenizer: Tokenizer
) -> None:
    absent = []
    for _ in range(80):
        plan = sampler.recognise(0.0)
        (compared,) = plan.compared.values()
        says_no = texts(plan, tokenizer)[-1].startswith("no")
        differ = compared.differences.sum(-1) > 0
        assert len(compared.cells) == len(differ) > 0
        assert bool(differ.all()) == says_no
        absent.append(says_no)
    assert 20 < sum(absent) < 60
