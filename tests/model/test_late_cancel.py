"""A drawing that is cancelled after its last step, while the picture is decoded."""

import threading

import pytest
from torch import Tensor

from omnipersona.model.bagel.backbone import LocalPersonaModel
from omnipersona.model.bagel.vae import Autoencoder
from omnipersona.model.contract import DrawSettings, GenerateRequest, ImageResult
from omnipersona.model.errors import Cancelled

DRAW = GenerateRequest(
    prompt="a red ball", settings=DrawSettings(seed=1, num_steps=2, previews=False)
)


def test_a_drawing_cancelled_while_it_is_decoded_ends_and_the_next_is_drawn(
    model: LocalPersonaModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancel, decode = threading.Event(), Autoencoder.decode

    def cancelled_meanwhile(autoencoder: Autoencoder, latents: Tensor) -> Tensor:
        cancel.set()
        return decode(autoencoder, latents)

    with monkeypatch.context() as patch:
        patch.setattr(Autoencoder, "decode", cancelled_meanwhile)
        with pytest.raises(Cancelled):
            list(model.generate(DRAW, cancel))
    *_, last = model.generate(DRAW)
    assert isinstance(last, ImageResult)
