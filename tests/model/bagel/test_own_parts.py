"""Parts that the published model does not have: edit ports, a larger decoder.

Off, nothing of them exists; fresh, they change nothing; a closed gate of the ports copies exactly.
"""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from oracles.random_weights import png, random_model
from PIL import Image

from omnipersona.model.bagel.checkpoint.loading import load_folder, save_folder
from omnipersona.model.bagel.config import ModelConfig, tiny
from omnipersona.model.bagel.flow.sampling import decode_tokens
from omnipersona.model.bagel.images import to_image
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.pipeline import Pipeline
from omnipersona.model.bagel.sequence import Markers, Sample, clean_image, pack, target_image
from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.model.contract import (
    DrawEvent,
    DrawSettings,
    EditRequest,
    GenerateRequest,
    ImageResult,
)

# Image guidance would lead away from what is drawn without the source.
SETTINGS = DrawSettings(seed=3, num_steps=4, cfg_img_scale=1.0, previews=False)


def grown(**parts: object) -> ModelConfig:
    return replace(tiny(), **parts)  # type: ignore[arg-type]  # any field of the configuration


def with_all() -> ModelConfig:
    plain = tiny()
    return replace(
        plain,
        edit_ports=True,
        autoencoder=replace(plain.autoencoder, decoder_ch_mult=(1, 1, 1, 2)),
    )


def same_weights(config: ModelConfig) -> OmniModel:
    """Return a model whose weights agree with `random_model(tiny())` where both have them."""
    model = OmniModel(config).eval()
    model.load_state_dict(random_model(tiny()).state_dict(), strict=False)
    return model


def result(events: Iterator[DrawEvent]) -> ImageResult:
    found = [event for event in events if isinstance(event, ImageResult)]
    return found[-1]


def opened(made: ImageResult) -> Image.Image:
    return Image.open(io.BytesIO(made.png))


def test_off_they_do_not_exist() -> None:
    keys = OmniModel(tiny()).state_dict().keys()
    assert not [k for k in keys if "port" in k]
    more = OmniModel(with_all()).state_dict().keys() - keys
    assert {k.split(".")[0] for k in more} == {"edit_ports", "autoencoder"}


@pytest.fixture
def ported(tokenizer: Tokenizer, tmp_path: Path) -> Pipeline:
    return Pipeline(same_weights(grown(edit_ports=True)), tokenizer, tmp_path)


def test_a_closed_gate_copies_the_source_exactly(ported: Pipeline) -> None:
    request = EditRequest(image=png(), instruction="a hat", settings=SETTINGS)
    painting = ported.editing_of(request, torch.Generator().manual_seed(3))
    assert painting.ported_TE is not None
    gate(ported).fill_(-30.0)
    copied = decode_tokens(ported.model, painting.ported_TE, painting.grid)
    pair = opened(result(ported.edit(request))), to_image(copied)
    values = torch.tensor([list(one.tobytes()) for one in pair])
    assert int((values[0] - values[1]).abs().max()) <= 1


def test_an_open_gate_draws_what_a_model_without_ports_draws(
    ported: Pipeline, pipeline: Pipeline
) -> None:
    request = EditRequest(image=png(), instruction="a hat", settings=SETTINGS)
    without = Pipeline(random_model(tiny()), pipeline.tokenizer, pipeline.folder)
    gate(ported).fill_(30.0)
    assert result(ported.edit(request)).png == result(without.edit(request)).png


def test_the_gate_is_taught_what_an_edit_changes() -> None:
    model = same_weights(grown(edit_ports=True))
    noise = torch.Generator().manual_seed(0)
    clean = clean_image(model.config, torch.randn(4, 8, 8, generator=noise))
    source = clean.tokens.clone()
    source[2:] += 1.0
    target = replace(target_image(clean, 0.5, noise), source=source)
    packed = pack([Sample(segments=(target,))], Markers(1, 2))
    assert model.edit_ports is not None
    model.edit_ports.gate.bias.data.fill_(-4.0)
    same, moved = model(packed).gate.detach().split([2, len(source) - 2])
    assert float(same.max()) < 0.1
    assert float(moved.min()) > 3.0
    plain = pack([Sample(segments=(replace(target, source=None),))], Markers(1, 2))
    assert not len(model(plain).gate)


def gate(pipeline: Pipeline) -> torch.Tensor:
    ports = pipeline.model.edit_ports
    assert ports is not None
    return ports.gate.bias.data


def test_pictures_to_go_by_are_read_before_the_source(ported: Pipeline) -> None:
    alone = EditRequest(image=png(), instruction="a hat", settings=SETTINGS)
    with_one = replace(alone, images=(png(seed=1),))
    contexts = [ported.editing_of(r, torch.Generator()).guidance.full for r in (alone, with_one)]
    assert contexts[1].num_rows - contexts[0].num_rows == 16 + 2 + 16 + 2
    assert result(ported.edit(with_one)).width == 32


def test_ports_that_learned_something_change_the_picture_and_leave_drawings(
    ported: Pipeline,
) -> None:
    draw = GenerateRequest(prompt="a hat", settings=SETTINGS)
    edit = EditRequest(image=png(), instruction="a hat", settings=SETTINGS)
    before = result(ported.generate(draw)).png, result(ported.edit(edit)).png
    ports = ported.model.edit_ports
    assert ports is not None
    torch.nn.init.normal_(ports.gate.weight)
    after = result(ported.generate(draw)).png, result(ported.edit(edit)).png
    assert before[0] == after[0]
    assert before[1] != after[1]


def test_a_decoder_with_one_more_level_makes_pictures_twice_as_large(
    tokenizer: Tokenizer, tmp_path: Path
) -> None:
    save_folder(OmniModel(with_all()), tmp_path)
    tokenizer.write(tmp_path)
    pipeline = Pipeline(load_folder(tmp_path), tokenizer, tmp_path)
    assert pipeline.config == with_all()
    drawn = result(pipeline.generate(GenerateRequest(prompt="a hat", settings=SETTINGS)))
    assert (drawn.width, drawn.height) == (64, 64)
    again = EditRequest(image=drawn.png, instruction="a hat", settings=SETTINGS)
    assert result(pipeline.edit(again)).width == 64


def test_a_decoder_may_not_have_fewer_levels() -> None:
    with pytest.raises(ValueError, match="fewer levels"):
        replace(tiny().autoencoder, decoder_ch_mult=(1,))
