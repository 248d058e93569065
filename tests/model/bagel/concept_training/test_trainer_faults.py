"""Lessons that go wrong are stopped in words; odd ones are learned all the same."""

import math

import pytest
from oracles.random_weights import png

from omnipersona.model.bagel.backbone import LocalPersonaModel
from omnipersona.model.bagel.concept_training.trainer import PRESETS, TrainingConfig
from omnipersona.model.concepts.file_format import check_concept
from omnipersona.model.contract import File, LearnRequest, LearnResult
from omnipersona.model.errors import LearningFailed


def _learned(model: LocalPersonaModel) -> LearnResult:
    *_, last = model.learn(LearnRequest(name="bo", photos=File.each((png(),)), preset="quick"))
    assert isinstance(last, LearnResult)
    return last


@pytest.mark.parametrize("rate", [1e38, math.inf])
def test_tokens_that_explode_end_their_lesson_and_the_next_one_is_learned(
    model: LocalPersonaModel, monkeypatch: pytest.MonkeyPatch, rate: float
) -> None:
    wild = TrainingConfig(num_steps=9, num_drawings=1, rate=rate, gen_rate=rate)
    with monkeypatch.context() as patch:
        patch.setitem(PRESETS, "quick", wild)
        with pytest.raises(LearningFailed, match="What was learned before is kept"):
            _learned(model)
    check_concept(_learned(model).concept, model.describe())


def test_twenty_copies_of_one_photo_are_a_lesson(model: LocalPersonaModel) -> None:
    *_, last = model.learn(LearnRequest(name="bo", photos=File.each((png(),) * 20), preset="quick"))
    assert isinstance(last, LearnResult)
    check_concept(last.concept, model.describe())
