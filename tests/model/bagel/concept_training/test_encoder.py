"""The concept encoder: photos in, vectors out, whatever their number and order."""

from pathlib import Path

import pytest
import torch

from omnipersona.model.bagel.concept_training.encoder import ConceptEncoder, photo_features
from omnipersona.model.bagel.pipeline import Pipeline
from omnipersona.model.bagel.sequence import UndImage, seen_image
from omnipersona.model.concepts.tokens import NUM_GEN, NUM_UND


@pytest.fixture
def encoder() -> ConceptEncoder:
    torch.manual_seed(0)
    return ConceptEncoder(6, 10)


def plain(pipeline: Pipeline, value: float) -> UndImage:
    size = pipeline.config.image_size
    return seen_image(pipeline.config, torch.full((3, size, size), value))


def test_order_and_repetition_of_photos_do_not_matter(encoder: ConceptEncoder) -> None:
    one, other = torch.randn(4, 6), torch.randn(4, 6)
    table = encoder(torch.cat([one, other]))
    assert table.shape == (1 + NUM_UND + NUM_GEN, 10)
    torch.testing.assert_close(table, encoder(torch.cat([other, one])))
    torch.testing.assert_close(table, encoder(torch.cat([one, other, one, other])))
    assert not torch.allclose(table, encoder(one))


def test_an_encoder_survives_its_file(encoder: ConceptEncoder, tmp_path: Path) -> None:
    encoder.write(tmp_path, step=7)
    found = ConceptEncoder.read(tmp_path)
    assert found is not None
    again, step = found
    assert step == 7
    features = torch.randn(4, 6)
    torch.testing.assert_close(again(features), encoder(features), atol=5e-3, rtol=1e-2)


def test_a_folder_without_an_encoder_has_none(tmp_path: Path) -> None:
    assert ConceptEncoder.read(tmp_path) is None


def test_features_are_those_of_each_photo(pipeline: Pipeline) -> None:
    dark, light = plain(pipeline, -1.0), plain(pipeline, 1.0)
    both = photo_features(pipeline.model, [dark, light])
    apart = [photo_features(pipeline.model, [one]) for one in (dark, light)]
    torch.testing.assert_close(both, torch.cat(apart), atol=1e-4, rtol=1e-4)
    assert not torch.allclose(apart[0], apart[1])
