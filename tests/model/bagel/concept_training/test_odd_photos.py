"""Photos of a concept that show nobody, or two at once: a concept comes of it, or a sentence."""

import random
from dataclasses import replace

import pytest

from omnipersona.model.bagel.backbone import load_pipeline
from omnipersona.model.bagel.concept_training.trainer import learn
from omnipersona.model.bagel.images import write_png
from omnipersona.model.bagel.pipeline import Pipeline
from omnipersona.model.contract import (
    AnswerRequest,
    DrawSettings,
    File,
    GenerateRequest,
    ImageResult,
    LearnRequest,
    LearnResult,
)
from omnipersona.training.samples.pixels import random_scene
from omnipersona.training.world.render import render
from omnipersona.training.world.scene import Scene

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return load_pipeline("nano")[0]


def _scenes(num_figures: int, count: int) -> list[Scene]:
    drawn = (random_scene(random.Random(seed), company=1.0) for seed in range(100))
    scenes = [one for one in drawn if len(one.figures) == 2][:count]
    return [replace(one, figures=one.figures[:num_figures]) for one in scenes]


def _photos(num_figures: int, count: int) -> tuple[bytes, ...]:
    return tuple(write_png(render(scene, 64)) for scene in _scenes(num_figures, count))


@pytest.mark.parametrize("others", [0, 2], ids=["nobody", "two at once"])
def test_photos_without_one_clear_subject_are_learned_from_and_used(
    pipeline: Pipeline, others: int
) -> None:
    photos = _photos(others, 2) + _photos(1, 1)
    *_, result = learn(
        pipeline, LearnRequest(name="bo", kind="dog", photos=File.each(photos), preset="quick")
    )
    assert isinstance(result, LearnResult)
    settings = DrawSettings(seed=1, num_steps=2)
    draw = GenerateRequest(prompt="<c0>", concepts=(result.concept,), settings=settings)
    *_, drawn = pipeline.generate(draw)
    assert isinstance(drawn, ImageResult)
    ask = AnswerRequest(question="who is this?", images=photos[:1], concepts=(result.concept,))
    assert "".join(pipeline.answer(ask))
