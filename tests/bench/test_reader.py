from pathlib import Path

import pytest
import torch
from PIL import ImageFilter

from omnipersona.bench.judging import accuracy, held_out_scenes, identity_told
from omnipersona.bench.reader import POOLED, SIDE, WEIGHTS, Reader, load_reader, save_reader
from omnipersona.bench.traits import TRAITS
from omnipersona.training.world.render import render
from omnipersona.training.world.scene import without_figure


@pytest.fixture(scope="module")
def reader() -> Reader:
    return load_reader()


def test_the_reader_reads_what_was_drawn(reader: Reader) -> None:
    scenes = held_out_scenes(1, 300)
    tally = accuracy(reader, scenes, [render(scene) for scene in scenes])
    for trait in ("place", "count", "species 0", "color 0", "accessory 0"):
        assert tally.share(trait) >= 0.97, trait
    assert tally.total()[0] >= 0.97


def test_softness_hardly_fools_it(reader: Reader) -> None:
    scenes = held_out_scenes(1, 200)
    soft = [render(scene).filter(ImageFilter.GaussianBlur(0.7)) for scene in scenes]
    assert accuracy(reader, scenes, soft).total()[0] >= 0.95


def test_place_count_object_and_color_are_read_right(reader: Reader) -> None:
    scenes = held_out_scenes(1, 300)
    tally = accuracy(reader, scenes, [render(scene) for scene in scenes])
    for trait in ("place", "count", "object", "object color", "color 0"):
        assert tally.share(trait) >= 0.97, trait


def test_characters_are_told_from_their_look_alikes(reader: Reader) -> None:
    assert identity_told(reader, 150) >= 0.7


def test_average_features_are_told_apart_by_softness(reader: Reader) -> None:
    images = [render(scene) for scene in held_out_scenes(1, 3)]
    found = reader.average(images)
    assert found.shape == (3, POOLED)
    assert torch.allclose(reader.average(images[1:2])[0], found[1], atol=1e-5)
    soft = reader.average([image.filter(ImageFilter.GaussianBlur(1.0)) for image in images])
    assert not torch.allclose(soft, found, atol=0.1)


def test_figures_beyond_the_count_have_no_traits(reader: Reader) -> None:
    scene = without_figure(held_out_scenes(1, 1)[0], 0)
    (reading,) = reader.read([render(scene)])
    assert reading["count"] == "0"
    assert set(reading) == {"place", "count", "object", "object color"}


def test_a_picture_of_another_size_is_read_too(reader: Reader) -> None:
    scenes = held_out_scenes(1, 40)
    tally = accuracy(reader, scenes, [render(scene, 2 * SIDE) for scene in scenes])
    assert tally.share("place") >= 0.95


def test_weights_come_back_from_their_file(tmp_path: Path) -> None:
    torch.manual_seed(0)
    fresh = Reader().eval()
    save_reader(fresh, tmp_path / "reader.safetensors")
    again = load_reader(tmp_path / "reader.safetensors")
    pixels = torch.rand(2, 3, SIDE, SIDE) * 2 - 1
    before, after = fresh(pixels), again(pixels)
    assert set(before) == set(TRAITS)
    for trait in TRAITS:
        assert torch.allclose(before[trait], after[trait], atol=1e-2)


def test_the_committed_weights_are_small() -> None:
    assert WEIGHTS.stat().st_size <= 1_500_000
