import random

import torch

from omnipersona.bench.reader import SIDE, Reader
from omnipersona.bench.train_reader import labels, mirrored, softened, train_reader
from omnipersona.bench.traits import TRAITS
from omnipersona.training.samples.pixels import random_scene
from omnipersona.training.world.scene import sample_identity, sample_scene


def test_labels_are_the_places_of_the_true_words() -> None:
    rng = random.Random(1)
    scene = sample_scene(rng, [sample_identity(rng)], place="beach")
    found = dict(zip(TRAITS, labels(scene).tolist(), strict=True))
    assert TRAITS["place"][found["place"]] == "beach"
    assert TRAITS["species 0"][found["species 0"]] == scene.figures[0].identity.species
    assert found["species 1"] == -1


def test_softening_keeps_the_shape_and_follows_its_generator() -> None:
    pixels = torch.rand(8, 3, SIDE, SIDE) * 2 - 1
    first = softened(pixels, torch.Generator().manual_seed(1))
    again = softened(pixels, torch.Generator().manual_seed(1))
    other = softened(pixels, torch.Generator().manual_seed(2))
    assert first.shape == pixels.shape
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert (first - pixels).abs().mean() < 0.3


def test_training_gives_a_reader_in_evaluation_mode() -> None:
    reader = train_reader(seconds=0.2)
    assert isinstance(reader, Reader)
    assert not reader.training


def test_scenes_without_anyone_can_be_learned_from() -> None:
    rng = random.Random(0)
    empty = next(s for s in iter(lambda: random_scene(rng), None) if not s.figures)
    assert labels(empty)[list(TRAITS).index("species 0")] == -1


def test_a_mirror_exchanges_two_figures_and_leaves_one_alone() -> None:
    rng = random.Random(3)
    pixels = torch.rand(3, SIDE, SIDE)
    pair = labels(sample_scene(rng, [sample_identity(rng), sample_identity(rng)]))
    turned, known = mirrored(pixels, pair)
    left, right = (list(TRAITS).index(f"species {i}") for i in (0, 1))
    assert torch.equal(turned[..., 0], pixels[..., -1])
    assert (known[left], known[right]) == (pair[right], pair[left])
    assert torch.equal(mirrored(turned, known)[1], pair)
    one = labels(sample_scene(rng, [sample_identity(rng)]))
    assert torch.equal(mirrored(pixels, one)[1], one)
