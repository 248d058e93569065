"""A device whose memory ends: a sentence, nothing held, and the next job works."""

import weakref

import pytest
import torch
from oracles.random_weights import png
from torch import Tensor

from omnipersona.model.bagel.backbone import LocalPersonaModel
from omnipersona.model.bagel.concept_training import trainer
from omnipersona.model.bagel.vae import Autoencoder
from omnipersona.model.contract import (
    DrawSettings,
    EditRequest,
    File,
    GenerateRequest,
    ImageResult,
    LearnRequest,
    LearnResult,
)
from omnipersona.model.errors import OutOfMemory

SETTINGS = DrawSettings(seed=1, num_steps=2)
DRAW = GenerateRequest(prompt="a red ball", settings=SETTINGS)
EDIT = EditRequest(image=png(), instruction="a hat", settings=SETTINGS)
LEARN = LearnRequest(name="bo", photos=File.each((png(),)), preset="quick")


class _Full:
    """Takes memory and then says that there is no more, as an allocator does."""

    def __init__(self, error: type[BaseException]) -> None:
        self.error = error
        self.taken: weakref.ref[Tensor] | None = None

    def __call__(self, *_: object) -> None:
        tensor = torch.zeros(1000)
        self.taken = weakref.ref(tensor)
        raise self.error("Tried to allocate 20.00 GiB")


@pytest.mark.parametrize("error", [torch.OutOfMemoryError, MemoryError])
@pytest.mark.parametrize("request_", [DRAW, EDIT], ids=["draw", "edit"])
def test_a_picture_that_does_not_fit_is_told_and_leaves_room(
    model: LocalPersonaModel,
    monkeypatch: pytest.MonkeyPatch,
    error: type[BaseException],
    request_: GenerateRequest | EditRequest,
) -> None:
    full = _Full(error)
    run = model.edit if isinstance(request_, EditRequest) else model.generate
    with monkeypatch.context() as patch:
        patch.setattr(Autoencoder, "decode", full)
        with pytest.raises(OutOfMemory, match="memory of cpu does not suffice") as caught:
            list(run(request_))  # type: ignore[arg-type]  # each to its own
    assert full.taken is not None
    assert full.taken() is None, f"{caught.value} keeps what it took"
    *_, last = model.generate(DRAW)
    assert isinstance(last, ImageResult)


def test_learning_that_does_not_fit_is_told_and_the_next_lesson_is_learned(
    model: LocalPersonaModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = _Full(torch.OutOfMemoryError)
    with monkeypatch.context() as patch:
        patch.setattr(trainer, "_losses", full)
        with pytest.raises(OutOfMemory, match="fewer photos") as caught:
            list(model.learn(LEARN))
    assert full.taken is not None
    assert full.taken() is None, f"{caught.value} keeps what it took"
    *_, last = model.learn(LEARN)
    assert isinstance(last, LearnResult)
