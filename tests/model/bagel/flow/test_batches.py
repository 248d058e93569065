"""Pictures painted together are those painted alone."""

import io
from collections.abc import Iterator

import numpy as np
import pytest
from oracles.random_weights import png
from PIL import Image

from omnipersona.model.bagel.flow.sampling import MAX_TOGETHER, num_together
from omnipersona.model.bagel.pipeline import Pipeline
from omnipersona.model.contract import DrawEvent, DrawSettings, GenerateRequest, ImageResult
from omnipersona.model.errors import ForeignPicture


def _request(prompt: str, seed: int, *, previews: bool = False) -> GenerateRequest:
    settings = DrawSettings(seed=seed, num_steps=5, previews=previews)
    return GenerateRequest(prompt=prompt, settings=settings)


def _picture(event: DrawEvent) -> np.ndarray:
    assert isinstance(event, ImageResult)
    return np.asarray(Image.open(io.BytesIO(event.png)), dtype=np.int16)


def test_each_gets_its_own_picture_and_events(pipeline: Pipeline) -> None:
    requests = [_request("a red ball", 1, previews=True), _request("a dog", 2)]
    *steps, last = pipeline.generate_many(requests)
    assert len(steps) == 5
    assert steps[0][0].preview is not None  # type: ignore[union-attr]  # a step
    assert steps[0][1].preview is None  # type: ignore[union-attr]
    for request, event in zip(requests, last, strict=True):
        *_, alone = pipeline.generate(request)
        assert isinstance(event, ImageResult)
        assert event.seed == request.settings.seed
        assert np.abs(_picture(event) - _picture(alone)).max() <= 1


def test_a_foreign_picture_stops_all_before_the_first_step(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "is_foreign", lambda _: True)
    shown = GenerateRequest(prompt="like this", images=(png(),), settings=DrawSettings(seed=1))
    events: Iterator[list[DrawEvent]] = pipeline.generate_many([_request("a dog", 2), shown])
    with pytest.raises(ForeignPicture):
        next(events)


def test_small_pictures_share_a_forward_and_large_ones_do_not() -> None:
    assert num_together(64) == MAX_TOGETHER
    assert num_together(1024) == MAX_TOGETHER
    assert num_together(2048) == 2
    assert num_together(4096) == num_together(16384) == 1
