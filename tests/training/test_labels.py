"""Cells are labelled with what they visibly show."""

import random
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from omnipersona.model.bagel.images import to_pixels
from omnipersona.training.world.labels import (
    LABELS,
    LOOKS,
    TRAITS,
    Shown,
    differences,
    looks_of,
    show,
)
from omnipersona.training.world.render import render
from omnipersona.training.world.scene import (
    PROPORTIONS,
    Accessory,
    Figure,
    Scene,
    Thing,
    sample_identity,
    sample_scene,
    with_place,
    without_figure,
)

WHO = replace(
    sample_identity(random.Random(2)),
    species="fox",
    color="orange",
    pattern="plain",
    pattern_color=None,
)
FIGURE = Figure(
    identity=WHO,
    x=0.25,
    size=0.5,
    facing="right",
    pose="standing",
    accessory=Accessory(kind="hat", color="blue"),
)
SCENE = Scene(
    place="meadow", figures=(FIGURE,), thing=Thing(kind="ball", color="red", x=0.8), seed=1
)


@pytest.fixture(scope="module")
def scene() -> Shown:
    return show(SCENE, 64)


def shares(scene: Shown, group: str, word: str) -> Tensor:
    return scene.cells(8, 8)[:, LABELS.index((group, word))].view(8, 8)


def test_a_figure_covers_its_side_of_the_picture(scene: Shown) -> None:
    fox = shares(scene, "species", "fox")
    assert float(fox[:, :4].max()) == 1.0
    assert float(fox[:, 5:].max()) == 0.0
    torch.testing.assert_close(fox, shares(scene, "color", "orange"))


def test_an_object_covers_its_place_low_in_the_picture(scene: Shown) -> None:
    ball = shares(scene, "object", "ball")
    assert float(ball[5:, 5:].sum()) == pytest.approx(float(ball.sum()))
    torch.testing.assert_close(ball, shares(scene, "object color", "red"))


def test_clothes_are_a_part_of_their_wearer(scene: Shown) -> None:
    hat, fox = shares(scene, "accessory", "hat"), shares(scene, "species", "fox")
    assert 0.0 < float(hat.sum()) < float(fox.sum())
    assert float(hat[5:].sum()) == 0.0


def test_what_is_absent_covers_nothing(scene: Shown) -> None:
    cells = scene.cells(8, 8)
    present = {label for i, label in enumerate(LABELS) if bool(cells[:, i].any())}
    assert present == {
        ("place", "meadow"),
        ("species", "fox"),
        ("color", "orange"),
        ("pattern", "plain"),
        ("eye color", WHO.eye_color),
        *(("proportion", name) for name in PROPORTIONS),
        ("pose", "standing"),
        ("facing", "right"),
        ("accessory", "hat"),
        ("accessory color", "blue"),
        ("object", "ball"),
        ("object color", "red"),
    }


def test_the_place_is_named_and_changes_nothing_else(scene: Shown) -> None:
    elsewhere = show(with_place(SCENE, "city"), 64)
    moved = [i for i, (group, _) in enumerate(LABELS) if group == "place"]
    torch.testing.assert_close(shares(elsewhere, "place", "city")[0], torch.ones(8))
    kept = [i for i in range(len(LABELS)) if i not in moved]
    torch.testing.assert_close(scene.cells(8, 8)[:, kept], elsewhere.cells(8, 8)[:, kept])


@pytest.mark.parametrize("seed", range(20))
def test_parts_are_where_the_picture_changes_without_them(seed: int) -> None:
    rng = random.Random(seed)
    scene = sample_scene(rng, [sample_identity(rng), sample_identity(rng)])
    whole = show(scene, 64)
    for i in range(2):
        changed = (whole.pixels != show(without_figure(scene, i), 64).pixels).any(0)
        told = whole.of_figure(i, 64, 64).view(64, 64) > 0
        # Outlines are blended, so that they change where no pixel's centre is the part's.
        assert float((told & ~changed).float().sum()) <= 0.02 * float(told.sum())
        assert float((told & changed).sum()) >= 0.85 * float(changed.sum())


@pytest.mark.parametrize("seed", range(20))
def test_a_pattern_is_where_a_plain_coat_would_look_otherwise(seed: int) -> None:
    rng = random.Random(seed)
    who = replace(sample_identity(rng), color="red", pattern="patched", pattern_color="blue")
    figure = replace(FIGURE, identity=who, accessory=None)
    plain = replace(figure, identity=replace(who, pattern="plain", pattern_color=None))
    coat, bare = (show(replace(SCENE, figures=(one,)), 64) for one in (figure, plain))
    at = LABELS.index(("pattern color", "blue"))
    told = coat.cells(64, 64)[:, at].view(64, 64) > 0
    changed = (coat.pixels != bare.pixels).any(0)
    assert bool(told.any())
    assert float((told & ~changed).float().sum()) <= 0.1 * float(told.sum())


def test_labels_leave_the_picture_as_it_is() -> None:
    torch.testing.assert_close(show(SCENE, 64).pixels, to_pixels(render(SCENE, 64)))


def test_a_coat_has_its_colour_where_it_is_painted() -> None:
    spotted = replace(FIGURE, identity=replace(WHO, pattern="spotted", pattern_color="white"))
    coat = show(replace(SCENE, figures=(spotted,)), 64)
    spots, fox = shares(coat, "pattern color", "white"), shares(coat, "species", "fox")
    assert 0.0 < float(spots.sum()) < float(fox.sum())


def test_proportions_are_told_where_the_figure_is(scene: Shown) -> None:
    told = shares(scene, "proportion", "ears")
    torch.testing.assert_close(told, WHO.ears * shares(scene, "species", "fox"))


def test_looks_are_those_of_the_character_wherever_it_is() -> None:
    looks = dict(zip(LOOKS, looks_of(WHO).tolist(), strict=True))
    assert looks["species", "fox"] == 1.0
    assert looks["species", "cat"] == 0.0
    assert looks["proportion", "tail"] == pytest.approx(WHO.tail)
    assert sum(share for (group, _), share in looks.items() if group == "pattern color") == 0.0
    spotted = replace(WHO, pattern="spotted", pattern_color="teal")
    assert looks_of(spotted)[LOOKS.index(("pattern color", "teal"))] == 1.0


def test_two_figures_have_cells_of_their_own() -> None:
    right = replace(FIGURE, x=0.75, facing="left")
    both = show(replace(SCENE, figures=(FIGURE, right), thing=None), 64)
    left, other = (both.of_figure(i, 8, 8).view(8, 8) for i in (0, 1))
    assert float(left[:, :3].max()) == float(other[:, 5:].max()) == 1.0
    assert float(left[:, 6:].max()) == float(other[:, :2].max()) == 0.0


def test_characters_differ_in_what_was_changed_alone() -> None:
    assert float(differences(WHO, WHO).sum()) == 0.0
    other = replace(WHO, color="blue", pattern="spotted", pattern_color="red", tail=WHO.tail / 2)
    apart = dict(zip(TRAITS, differences(WHO, other).tolist(), strict=True))
    assert {trait for trait, value in apart.items() if value} == {
        "color",
        "pattern",
        "pattern color",
        "tail",
    }
    assert apart["color"] == 1.0
    assert apart["tail"] == pytest.approx(WHO.tail / 2)
