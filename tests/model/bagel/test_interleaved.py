"""Pictures are read where a text marks them; every picture is read."""

from dataclasses import replace

import pytest
from oracles.random_weights import png

from omnipersona.model.bagel.pipeline import Pipeline, interleaved, picture_mark
from omnipersona.model.contract import AnswerRequest, DrawSettings, GenerateRequest, ImageResult
from omnipersona.model.errors import ImageError

FIRST, SECOND = png(seed=1), png(seed=2)


@pytest.mark.parametrize(
    ("text", "num_pictures", "parts"),
    [
        ("what is here?", 2, [0, 1, "what is here?"]),
        ("is <p0> in <p1>?", 2, ["is", 0, "in", 1, "?"]),
        ("the dog of <p1>", 2, [0, "the dog of", 1]),
        ("<p0><p0>", 1, [0, 0]),
        ("<p0>", 0, ["<p0>"]),
        ("<c0> like <p7>", 1, [0, "<c0> like <p7>"]),
    ],
)
def test_parts_in_order(text: str, num_pictures: int, parts: list[str | int]) -> None:
    assert list(interleaved(text, num_pictures)) == parts


def _drawn(pipeline: Pipeline, request: GenerateRequest) -> ImageResult:
    *_, last = pipeline.generate(request)
    assert isinstance(last, ImageResult)
    return last


def test_places_of_pictures_change_the_answer(pipeline: Pipeline) -> None:
    request = AnswerRequest(question="who is it?", images=(FIRST, SECOND), max_tokens=8)
    marked = replace(request, question=f"{picture_mark(1)} who is it? {picture_mark(0)}")
    answers = ["".join(pipeline.answer(one)) for one in (request, marked)]
    assert answers[0] != answers[1]


def test_a_drawing_goes_by_its_pictures_and_takes_the_size_of_the_last(pipeline: Pipeline) -> None:
    settings = DrawSettings(seed=1, num_steps=2)
    plain = GenerateRequest(prompt="a dog", settings=settings, width=32, height=16)
    shown = replace(plain, images=(FIRST, png((32, 16), seed=2)), width=None, height=None)
    swapped = replace(shown, prompt="a <p1> dog <p0>")
    results = [_drawn(pipeline, one) for one in (plain, shown, swapped)]
    assert {(one.width, one.height) for one in results} == {(32, 16)}
    assert len({one.png for one in results}) == 3


def test_a_picture_that_is_none_is_refused(pipeline: Pipeline) -> None:
    with pytest.raises(ImageError):
        _drawn(pipeline, GenerateRequest(prompt="a dog", images=(b"no picture",)))
