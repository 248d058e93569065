import random
from dataclasses import replace

from omnipersona.bench.traits import NONE, TRAITS, place_of_figure, truth
from omnipersona.training.samples.pixels import random_scene
from omnipersona.training.world.scene import sample_identity, sample_scene, without_figure


def test_every_true_word_is_one_that_the_reader_can_say() -> None:
    rng = random.Random(1)
    for _ in range(300):
        for trait, word in truth(random_scene(rng)).items():
            assert word in TRAITS[trait]


def test_a_figure_that_is_not_there_has_no_traits() -> None:
    rng = random.Random(2)
    pair = sample_scene(rng, [sample_identity(rng), sample_identity(rng)])
    assert "species 1" in truth(pair)
    assert "species 1" not in truth(without_figure(pair, 0))
    assert "species 0" not in truth(without_figure(without_figure(pair, 0), 0))


def test_figures_count_from_the_left_whatever_their_order() -> None:
    rng = random.Random(3)
    pair = sample_scene(rng, [sample_identity(rng), sample_identity(rng)])
    turned = replace(pair, figures=pair.figures[::-1])
    assert truth(turned) == truth(pair)
    assert [place_of_figure(turned, i) for i in (0, 1)] == [1, 0]


def test_what_is_not_there_is_none() -> None:
    rng = random.Random(4)
    scene = replace(sample_scene(rng, [sample_identity(rng)]), thing=None)
    assert truth(scene)["object"] == truth(scene)["object color"] == NONE
