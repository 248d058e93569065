"""Laws of the drawn world: same scene same pixels, edits stay local, every word can be seen."""

import random
from dataclasses import asdict, replace
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from omnipersona.training.world.render import render
from omnipersona.training.world.scene import (
    ACCESSORIES,
    COLORS,
    EYE_COLORS,
    OBJECTS,
    PATTERNS,
    PLACES,
    POSES,
    PROPORTIONS,
    SPECIES,
    Accessory,
    Figure,
    Identity,
    Scene,
    Thing,
    look_alike,
    sample_figure,
    sample_identity,
    sample_scene,
    with_accessory,
    with_color,
    with_figure,
    with_place,
    with_thing,
    without_figure,
)

CAT = Identity(
    species="cat",
    color="green",
    pattern="spotted",
    pattern_color="blue",
    eye_color="brown",
    body=0.5,
    head=0.5,
    ears=0.5,
    eyes=0.5,
    tail=0.5,
)
FIGURE = Figure(identity=CAT, x=0.35, size=0.7, facing="right", pose="standing", accessory=None)
BALL = Thing(kind="ball", color="red", x=0.84)
SCENE = Scene(place="meadow", figures=(FIGURE,), thing=BALL, seed=7)


def pixels(scene: Scene, size: int = 64) -> NDArray[np.int16]:
    return np.asarray(render(scene, size), dtype=np.int16)


def distance(one: Scene, other: Scene) -> float:
    """Mean absolute difference over all pixels and channels."""
    return float(np.abs(pixels(one) - pixels(other)).mean())


def changed_box(one: Scene, other: Scene) -> tuple[int, int, int, int]:
    """Left, top, right, bottom (inclusive) of the pixels that differ."""
    rows, columns = np.nonzero((pixels(one) != pixels(other)).any(axis=2))
    assert len(rows), "nothing changed"
    return int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())


def posed(pose: str = "standing", accessory: Accessory | None = None) -> Scene:
    return replace(SCENE, figures=(replace(FIGURE, pose=pose, accessory=accessory),))


def being(identity: Identity) -> Scene:
    return with_figure(SCENE, replace(FIGURE, identity=identity), 0)


def test_the_same_scene_gives_the_same_pixels() -> None:
    rng = random.Random(0)
    for num in (0, 1, 2):
        scene = sample_scene(rng, [sample_identity(rng) for _ in range(num)])
        assert np.array_equal(pixels(scene), pixels(replace(scene)))


@pytest.mark.parametrize("size", [1, 48, 64, 128])
def test_a_picture_has_the_size_asked_for(size: int) -> None:
    image = render(SCENE, size)
    assert (image.mode, image.size) == ("RGB", (size, size))


def test_a_picture_without_pixels_is_refused() -> None:
    with pytest.raises(ValueError, match="size is 0"):
        render(SCENE, 0)


def test_a_larger_picture_shows_the_same_scene() -> None:
    small = np.asarray(render(SCENE, 128).reduce(2), dtype=np.int16)
    assert np.abs(small - pixels(SCENE)).mean() < 4


def test_every_pair_of_body_colors_can_be_told_apart() -> None:
    plain = replace(CAT, pattern="plain", pattern_color=None)
    scenes = {color: being(replace(plain, color=color)) for color in COLORS}
    for one, other in combinations(COLORS, 2):
        assert distance(scenes[one], scenes[other]) > 2.0, (one, other)


def test_every_pair_of_species_can_be_told_apart() -> None:
    for one, other in combinations(SPECIES, 2):
        first, second = replace(CAT, species=one), replace(CAT, species=other)
        assert distance(being(first), being(second)) > 2.0, (one, other)


def test_every_pair_of_patterns_can_be_told_apart() -> None:
    def patterned(name: str) -> Scene:
        second = None if name == "plain" else "white"
        return being(replace(CAT, pattern=name, pattern_color=second))

    for one, other in combinations(PATTERNS, 2):
        assert distance(patterned(one), patterned(other)) > 1.0, (one, other)


def test_every_pair_of_poses_can_be_told_apart() -> None:
    for one, other in combinations(POSES, 2):
        assert distance(posed(one), posed(other)) > 1.0, (one, other)


def test_every_pair_of_places_can_be_told_apart() -> None:
    for one, other in combinations(PLACES, 2):
        assert distance(with_place(SCENE, one), with_place(SCENE, other)) > 15.0, (one, other)


def test_every_pair_of_objects_can_be_told_apart() -> None:
    things = {kind: with_thing(SCENE, replace(BALL, kind=kind)) for kind in OBJECTS}
    for one, other in combinations(OBJECTS, 2):
        assert distance(things[one], things[other]) > 1.0, (one, other)


def test_every_color_of_an_object_is_seen() -> None:
    for kind in OBJECTS:
        things = [with_thing(SCENE, Thing(kind=kind, color=color, x=0.84)) for color in COLORS]
        for one, other in combinations(things, 2):
            assert distance(one, other) > 0.35, (one.thing, other.thing)


@pytest.mark.parametrize("pose", POSES)
def test_every_accessory_is_seen_in_every_pose(pose: str) -> None:
    bare = posed(pose)
    for kind in ACCESSORIES:
        dressed = posed(pose, Accessory(kind=kind, color="red"))
        assert distance(bare, dressed) > 0.4, kind


def test_every_eye_color_is_seen() -> None:
    for one, other in combinations(EYE_COLORS, 2):
        first, second = replace(CAT, eye_color=one), replace(CAT, eye_color=other)
        assert np.abs(pixels(being(first)) - pixels(being(second))).max() > 40, (one, other)


@pytest.mark.parametrize("species", SPECIES)
def test_every_proportion_is_seen(species: str) -> None:
    for trait in PROPORTIONS:
        values = asdict(replace(CAT, species=species))
        small, large = (Identity(**(values | {trait: value})) for value in (0.0, 1.0))
        assert distance(being(small), being(large)) > 0.25, trait


def test_dressing_changes_only_the_head_and_neck() -> None:
    for kind in ACCESSORIES:
        dressed = with_accessory(SCENE, 0, Accessory(kind=kind, color="red"))
        left, _, right, bottom = changed_box(SCENE, dressed)
        assert 22 - 14 <= left <= right <= 22 + 14, kind
        assert bottom <= 50, kind


def test_undressing_restores_the_picture() -> None:
    dressed = with_accessory(SCENE, 0, Accessory(kind="hat", color="red"))
    assert with_accessory(dressed, 0, None) == SCENE


def test_changing_the_object_changes_only_its_place() -> None:
    changes: list[Thing | None] = [None]
    changes += [Thing(kind=kind, color="yellow", x=0.84) for kind in OBJECTS]
    for thing in changes:
        left, top, right, _ = changed_box(SCENE, with_thing(SCENE, thing))
        assert left >= 54 - 10
        assert right <= 63
        assert top >= 40


def test_recoloring_changes_only_the_figure() -> None:
    left, top, right, bottom = changed_box(SCENE, with_color(SCENE, 0, "pink"))
    assert left >= 22 - 22
    assert right <= 22 + 16
    assert top >= 8
    assert bottom <= 60


def test_recoloring_keeps_the_pattern_in_another_color() -> None:
    identity = with_color(SCENE, 0, "blue").figures[0].identity
    assert (identity.color, identity.pattern, identity.pattern_color) == (
        "blue",
        "spotted",
        "green",
    )


def test_taking_a_figure_out_leaves_the_other_untouched() -> None:
    other = replace(FIGURE, x=0.75, size=0.1)
    both = with_figure(replace(SCENE, thing=None), other, None)
    alone = without_figure(both, 0)
    assert alone.figures == (other,)
    assert np.array_equal(pixels(both)[:, 40:], pixels(alone)[:, 40:])


def test_of_two_equal_figures_one_is_taken_out() -> None:
    twins = replace(SCENE, figures=(FIGURE, FIGURE))
    assert without_figure(twins, 0).figures == (FIGURE,)


def test_decorations_follow_the_seed_alone() -> None:
    empty = Scene(place="forest", figures=(), thing=None, seed=1)
    assert distance(empty, replace(empty, seed=2)) > 0.5
    difference = np.abs(pixels(SCENE) - pixels(replace(SCENE, seed=8))).sum(axis=2)
    assert not difference[30:44, 18:26].any()


def test_an_object_is_never_hidden() -> None:
    rng = random.Random(3)
    for _ in range(60):
        scene = sample_scene(rng, [sample_identity(rng) for _ in range(2)])
        if scene.thing is None:
            continue
        alone = replace(scene, figures=())
        column, row = round(64 * scene.thing.x), 54
        region = np.s_[row - 1 : row + 2, column - 1 : column + 2]
        assert np.array_equal(pixels(scene)[region], pixels(alone)[region])


def test_a_look_alike_differs_in_one_or_two_traits() -> None:
    rng = random.Random(4)
    for _ in range(300):
        identity = sample_identity(rng)
        other = look_alike(identity, rng)
        one, two = asdict(identity), asdict(other)
        changed = {name for name in one if one[name] != two[name]}
        if "pattern" in changed:
            changed.discard("pattern_color")
        assert 1 <= len(changed) <= 2, changed
        assert all(abs(one[name] - two[name]) >= 0.5 for name in changed & set(PROPORTIONS))


def test_a_look_alike_can_be_seen_to_differ() -> None:
    rng = random.Random(5)
    for _ in range(100):
        identity = sample_identity(rng)
        other = look_alike(identity, rng)
        assert np.abs(pixels(being(identity)) - pixels(being(other))).max() > 30


def test_sampled_scenes_keep_their_promises() -> None:
    rng = random.Random(6)
    identities = [sample_identity(rng) for _ in range(2)]
    scenes = [sample_scene(rng, identities[: i % 3]) for i in range(600)]
    figures = [figure for scene in scenes for figure in scene.figures]
    assert 0.4 < np.mean([scene.thing is not None for scene in scenes]) < 0.6
    assert 0.4 < np.mean([figure.accessory is not None for figure in figures]) < 0.6
    assert 0.3 < np.mean([figure.pose == "standing" for figure in figures]) < 0.5
    assert {scene.place for scene in scenes} == set(PLACES)
    assert sample_scene(rng, (), place="beach").place == "beach"


def test_a_figure_stands_where_it_is_asked_to() -> None:
    assert sample_figure(CAT, random.Random(0), x=0.2).x == 0.2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"species": "cow"}, "species is 'cow'"),
        ({"color": "mauve"}, "color is 'mauve'"),
        ({"pattern_color": "green"}, "both 'green'"),
        ({"pattern": "plain"}, "exactly when"),
        ({"pattern_color": None}, "exactly when"),
        ({"pattern_color": "mauve"}, "pattern_color is 'mauve'"),
        ({"eye_color": "red"}, "eye_color is 'red'"),
        ({"tail": 1.1}, "tail is 1.1"),
        ({"head": float("nan")}, "head is nan"),
    ],
)
def test_an_impossible_identity_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Identity(**(asdict(CAT) | changes))


def test_impossible_scenes_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 2"):
        replace(SCENE, figures=(FIGURE,) * 3)
    with pytest.raises(ValueError, match="place is 'moon'"):
        with_place(SCENE, "moon")
    with pytest.raises(ValueError, match="figure 1 of a scene with 1"):
        with_accessory(SCENE, 1, None)
    with pytest.raises(ValueError, match="kind is 'sword'"):
        Accessory(kind="sword", color="red")
    with pytest.raises(ValueError, match="x is 2"):
        replace(BALL, x=2.0)
    with pytest.raises(ValueError, match="at most 2"):
        sample_scene(random.Random(0), [CAT] * 3)
