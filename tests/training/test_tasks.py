"""Samples of pretraining say only what is so."""

import random
from collections import Counter
from typing import Any

import pytest
import torch
from torch import Tensor

from omnipersona.model.bagel.sequence import TextSegment, UndImage
from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.training.corpus.captions import free_caption
from omnipersona.training.corpus.edits import EDIT_KINDS, Edit, sample_edit
from omnipersona.training.recipe import read_recipe
from omnipersona.training.samples import in_context, tasks
from omnipersona.training.samples.pixels import random_scene
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


def test_a_change_has_its_source_at_the_ports_and_often_in_the_context(
    sampler: TaskSampler,
) -> None:
    given = []
    for _ in range(60):
        plan = sampler.edit(0.0)
        targets = [p for p in plan.parts if isinstance(p, Latent) and p.is_target]
        assert len(targets) == len(plan.foreground) == 2
        source = targets[0].source
        assert source is not None
        assert source is targets[1].source
        given.append(any(p.pixels is source for p in plan.parts if isinstance(p, Latent)))
    assert 30 < sum(given) < 60


def test_an_edit_without_words_is_a_copy(sampler: TaskSampler) -> None:
    without = list[Plan]()
    while len(without) < 3:
        plan = sampler.edit(0.0)
        if any(isinstance(part, TextSegment) and part.dropped for part in plan.parts):
            without.append(plan)
    for plan in without:
        for target in plan.parts[-2:]:
            assert isinstance(target, Latent)
            assert target.source is target.pixels
        assert not any(bool(changed.any()) for changed in plan.foreground)


def test_all_kinds_of_edit_come_equally_often(
    sampler: TaskSampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = Counter[str]()

    def noting(*args: Any) -> Edit | None:
        edit = sample_edit(*args)
        if edit is not None:
            kinds[edit.kind] += 1
        return edit

    for module in (tasks, in_context):
        monkeypatch.setattr(module, "sample_edit", noting)
    for _ in range(700):
        sampler.edit(0.3)
    assert kinds.keys() == set(EDIT_KINDS)
    assert min(kinds.values()) > 65


def test_what_introduces_somebody_in_words_holds_all_looks_and_at_most_eight_facts(
    sampler: TaskSampler, tokenizer: Tokenizer
) -> None:
    counts = Counter[int]()
    for _ in range(300):
        lines = texts(sampler.in_context.draw(), tokenizer)[-1].splitlines()
        if lines and lines[0].startswith("<c0> is"):
            assert " eyes" in lines[0]
            counts[sum(line.startswith("the ") for line in lines[1:])] += 1
    assert max(counts) == 8
    assert min(counts) == 0


def test_recognition_from_words_and_photos_says_yes_half_of_the_time(
    sampler: TaskSampler, tokenizer: Tokenizer
) -> None:
    answers = Counter[str]()
    for _ in range(200):
        asked = texts(sampler.in_context.look(), tokenizer)
        answers[asked[1].split(",")[0]] += 1
    assert 60 < answers["yes"] < 140
    assert answers["yes"] + answers["no"] == 200


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
