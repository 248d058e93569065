import random
from dataclasses import replace

import pytest

from omnipersona.bench.drawings import (
    judge_drawing,
    judge_drawings,
    named_details,
    sample_drawing,
)
from omnipersona.bench.reader import load_reader
from omnipersona.bench.traits import truth
from omnipersona.training.corpus.captions import canonical_caption
from omnipersona.training.world.render import render
from omnipersona.training.world.scene import Accessory, Scene, Thing, sample_identity, sample_scene


@pytest.fixture
def scene() -> Scene:
    rng = random.Random(1)
    cat = replace(
        sample_identity(rng), species="cat", color="green", pattern="spotted", pattern_color="red"
    )
    found = sample_scene(rng, [cat], place="beach")
    hat = Accessory(kind="hat", color="blue")
    figure = replace(found.figures[0], accessory=hat, pose="sitting")
    return replace(found, figures=(figure,), thing=Thing(kind="star", color="pink", x=0.8))


def test_a_whole_caption_names_every_detail(scene: Scene) -> None:
    named = named_details(scene, canonical_caption(scene, {}))
    assert set(named) == {
        "scene", "species", "color", "pattern", "pattern color", "accessory", "object", "pose"
    }  # fmt: skip


def test_a_detail_that_is_left_out_is_not_judged(scene: Scene) -> None:
    named = named_details(scene, "A green spotted cat on a sandy beach")
    assert set(named) == {"scene", "species", "color", "pattern"}


def test_a_misspelt_word_is_not_judged(scene: Scene) -> None:
    assert named_details(scene, "a gren cat in the meadow") == ()


def test_the_right_picture_is_right_and_one_wrong_word_is_wrong(scene: Scene) -> None:
    caption = canonical_caption(scene, {})
    assert all(judge_drawing(scene, caption, truth(scene)).values())
    wrong = truth(scene) | {"accessory color 0": "red"}
    missed = [d for d, hit in judge_drawing(scene, caption, wrong).items() if not hit]
    assert missed == ["accessory"]


def test_captions_name_nothing_that_the_scene_lacks() -> None:
    for i in range(200):
        found, caption = sample_drawing(0, i)
        if found.figures[0].accessory is None:
            assert "accessory" not in named_details(found, caption)


def test_true_renders_pass_the_judge() -> None:
    items = [sample_drawing(0, i) for i in range(200)]
    tally = judge_drawings(items, [render(scene) for scene, _ in items], load_reader())
    assert tally.total()[0] >= 0.97


def test_renders_of_other_scenes_do_not() -> None:
    items = [sample_drawing(0, i) for i in range(100)]
    others = [render(scene) for scene, _ in items[1:] + items[:1]]
    tally = judge_drawings(items, others, load_reader())
    assert tally.share("species") < 0.4
    assert tally.share("scene") < 0.4
