"""Pictures of nano's world are familiar to it, photographs and patterns are not."""

import random
from dataclasses import replace

import pytest
import torch
from PIL import Image

from omnipersona.bench.photographs import photograph
from omnipersona.model.bagel.backbone import load_pipeline
from omnipersona.model.bagel.concept_training.trainer import learn
from omnipersona.model.bagel.images import to_pixels, write_png
from omnipersona.model.bagel.ood import ood_score
from omnipersona.model.bagel.pipeline import Pipeline
from omnipersona.model.bagel.prompts import FOREIGN_PICTURE
from omnipersona.model.bagel.sequence import clean_image
from omnipersona.model.contract import AnswerRequest, EditRequest, File, LearnEvent, LearnRequest
from omnipersona.model.errors import ForeignPicture
from omnipersona.training.samples.pixels import random_scene
from omnipersona.training.world.foreign import foreign_picture
from omnipersona.training.world.render import render

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return load_pipeline("nano")[0]


def _photographs(count: int) -> list[Image.Image]:
    return [photograph(random.Random(i), 64) for i in range(count)]


def _renders(count: int) -> list[Image.Image]:
    return [render(random_scene(random.Random(i)), 64) for i in range(count)]


@torch.no_grad()
def test_pictures_of_the_world_are_less_strange_than_photographs(pipeline: Pipeline) -> None:
    def measured(images: list[Image.Image]) -> torch.Tensor:
        pictures = [
            clean_image(pipeline.config, pipeline.model.autoencoder.encode(to_pixels(one)[None])[0])
            for one in images
        ]
        return ood_score(pipeline.model, pipeline.tokenizer.markers, pictures)

    assert measured(_renders(12)).median() < 0.7 * measured(_photographs(12)).median()


def test_most_foreign_pictures_and_no_familiar_ones_are_refused(pipeline: Pipeline) -> None:
    patterns = [foreign_picture(random.Random(i), 64) for i in range(12)]
    assert sum(map(pipeline.is_foreign, patterns)) >= 10
    assert sum(map(pipeline.is_foreign, _photographs(12))) >= 9
    assert sum(map(pipeline.is_foreign, _renders(100))) <= 4


def test_a_model_without_a_limit_reads_everything(pipeline: Pipeline) -> None:

    free = Pipeline(pipeline.model, pipeline.tokenizer, pipeline.folder)
    free.config = replace(pipeline.config, max_strangeness=None)
    assert not any(map(free.is_foreign, _photographs(2)))


def test_a_foreign_picture_is_answered_and_never_edited_or_learned(pipeline: Pipeline) -> None:
    image = next(one for one in _photographs(12) if pipeline.is_foreign(one))
    picture = write_png(image)
    request = AnswerRequest(question="what is this?", images=(picture,))
    with pytest.raises(ForeignPicture, match=FOREIGN_PICTURE):
        list(pipeline.answer(request))
    with pytest.raises(ForeignPicture, match="--model"):
        list(pipeline.edit(EditRequest(image=picture, instruction="remove the dog")))
    with pytest.raises(ForeignPicture, match="2 of 2"):
        list(
            learn(
                pipeline, LearnRequest(name="rex", kind="dog", photos=File.each((picture, picture)))
            )
        )
    known = write_png(_renders(1)[0])
    mixed = LearnRequest(name="rex", kind="dog", photos=File.each((picture, known)), preset="quick")
    assert isinstance(next(learn(pipeline, mixed)), LearnEvent)
