"""Lessons ask the model for others of a kind, half of them as alike as its words can say."""

from collections.abc import Sequence

import pytest
import torch
from PIL import Image

from omnipersona.model.bagel.concept_training.dataset import (
    ConceptDataset,
    Picture,
    RoughDrawings,
    SelfLabeler,
    prepare,
)
from omnipersona.model.bagel.sequence import GenImage, UndImage

PHOTO = Image.new("RGB", (8, 8))
PICTURE = Picture(
    UndImage(patches=torch.zeros(1, 3), position_ids=torch.zeros(1, dtype=torch.long)),
    GenImage(tokens=torch.zeros(1, 2), position_ids=torch.zeros(1, dtype=torch.long)),
)


class Model:
    """Answers every question on colour from a list and draws whatever is asked."""

    def __init__(self, colors: list[str]) -> None:
        self.colors = iter(colors)
        self.prompts: list[str] = []

    def labeler(self) -> SelfLabeler:
        return SelfLabeler(lambda _: PICTURE, self._ask, self._draw, lambda *_: iter(()))

    def _ask(self, question: str, _image: Image.Image) -> str:
        return next(self.colors, "") if question.startswith("what color") else "yes"

    def _draw(self, prompts: Sequence[str], _seed: int) -> RoughDrawings:
        self.prompts += prompts
        yield [PHOTO] * len(prompts)


def _prompts(colors: list[str], *, is_thorough: bool = True) -> tuple[list[str], ConceptDataset]:
    model, dataset = Model(colors), ConceptDataset((), "cat")
    photos = [PHOTO] * len(colors)
    for _ in prepare(dataset, photos, model.labeler(), 0, is_thorough=is_thorough):
        pass
    return model.prompts, dataset


def test_half_of_the_others_have_the_colour_that_most_photos_show() -> None:
    prompts, dataset = _prompts(["green", "gray", "green"])
    assert prompts.count("a cat") == prompts.count("a green cat") == len(prompts) // 2
    assert len(dataset.negatives) == len(prompts)


@pytest.mark.parametrize(
    "answers", [["", ""], ["I cannot tell you that", "it has all of them at once"]]
)
def test_without_a_colour_they_are_only_of_the_kind(answers: list[str]) -> None:
    prompts, _ = _prompts(answers)
    assert set(prompts) == {"a cat"}


def test_a_quick_lesson_draws_no_others() -> None:
    assert _prompts(["green"], is_thorough=False)[0] == []
