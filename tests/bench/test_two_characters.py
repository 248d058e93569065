"""Pictures of two nameless characters: whose colour, coat and place in the caption is whose."""

import random
from collections.abc import Mapping
from dataclasses import replace

import pytest

from omnipersona.bench.reader import load_reader
from omnipersona.bench.traits import traits_of_figure, truth
from omnipersona.bench.two_characters import judge_two, judge_twos, sample_two, told_of_each
from omnipersona.training.world.render import render
from omnipersona.training.world.scene import Scene, sample_identity, sample_scene

_CAPTION = "A green cat with red spots sitting and a blue dog that wears a pink hat, at the beach"


@pytest.fixture
def scene() -> Scene:
    rng = random.Random(1)
    spotted = replace(sample_identity(rng), pattern="spotted", color="green", pattern_color="red")
    cat, dog = replace(spotted, species="cat"), replace(spotted, species="dog", color="blue")
    found = sample_scene(rng, [cat, dog], place="beach")
    left, right = found.figures
    left = replace(left, pose="sitting", accessory=None)
    right = replace(right, pose="standing", accessory=None)
    return replace(found, figures=(left, right), thing=None)


def swapped(reading: Mapping[str, str]) -> dict[str, str]:
    """Return the reading of the same picture seen in a mirror."""
    left, right = (traits_of_figure(i) for i in (0, 1))
    turned = dict(zip((*left, *right), (*right, *left), strict=True))
    return {turned.get(trait, trait): word for trait, word in reading.items()}


def test_each_is_told_in_its_own_half(scene: Scene) -> None:
    text = _CAPTION.lower()
    cat, dog = told_of_each(scene, text)
    assert cat + dog == text
    assert "spots" in cat
    assert dog.startswith(" and a blue dog")
    behind = "a red ball and a green cat and a blue spotted dog"
    assert told_of_each(scene, behind)[1] == " and a blue spotted dog"
    assert told_of_each(scene, "a green cat and a blue dgo") == ("", "")


def test_the_other_ones_coat_is_not_judged(scene: Scene) -> None:
    cat, dog = judge_two(scene, _CAPTION, truth(scene)).figures
    assert set(cat) == {"species", "color", "pattern", "pattern color", "pose"}
    assert set(dog) == {"species", "color"}


def test_who_stands_on_the_left_is_free(scene: Scene) -> None:
    assert judge_two(scene, _CAPTION, truth(scene)).all_right
    assert judge_two(scene, _CAPTION, swapped(truth(scene))).all_right


def test_a_colour_counts_on_its_own_animal_only(scene: Scene) -> None:
    exchanged = truth(scene) | {"color 0": "blue", "color 1": "green"}
    for reading in (exchanged, swapped(exchanged)):
        verdict = judge_two(scene, _CAPTION, reading)
        assert [one["species"] for one in verdict.figures] == [True, True]
        assert [one["color"] for one in verdict.figures] == [False, False]
        assert not verdict.all_right


def test_one_alone_is_not_both(scene: Scene) -> None:
    alone = {trait: word for trait, word in truth(scene).items() if not trait.endswith(" 1")}
    verdict = judge_two(scene, _CAPTION, alone | {"count": "1"})
    assert not verdict.both_there
    assert [one["species"] for one in verdict.figures] == [True, False]


def test_another_place_is_not_all_that_is_named(scene: Scene) -> None:
    verdict = judge_two(scene, _CAPTION, truth(scene) | {"place": "snow"})
    assert verdict.scene == {"scene": False}
    assert not verdict.all_right


def test_true_renders_pass_the_judge_and_others_do_not() -> None:
    items = [sample_two(0, i) for i in range(60)]
    images = [render(scene) for scene, _ in items]
    pictures, figures = judge_twos(items, images, load_reader())
    assert pictures.share("both there") == 1.0
    assert pictures.share("all") >= 0.8
    for detail in ("species", "color", "coat"):
        assert figures.row("", detail).value >= 0.9
    pictures, figures = judge_twos(items, images[1:] + images[:1], load_reader())
    assert pictures.share("all") <= 0.05
    for detail in ("species", "color", "coat"):
        assert figures.row("", detail).value <= 0.5


def test_items_are_the_same_for_the_same_seed() -> None:
    assert sample_two(3, 0) == sample_two(3, 0)
    assert sample_two(3, 0) != sample_two(4, 0)
