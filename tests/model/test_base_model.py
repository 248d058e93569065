"""Without a concept the model says and draws what it did before anything was learned."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from oracles.random_weights import png

from omnipersona.model.bagel.backbone import LocalPersonaModel, load_model
from omnipersona.model.bagel.text_tasks import CompleteRequest, last_of, run
from omnipersona.model.contract import (
    AnswerRequest,
    ConceptFile,
    DrawSettings,
    EditRequest,
    File,
    GenerateRequest,
    ImageResult,
    LearnRequest,
    LearnResult,
    text_of,
)

SETTINGS = DrawSettings(seed=5, num_steps=2)


def _outputs(model: LocalPersonaModel, *concepts: ConceptFile) -> tuple[object, ...]:
    ask = AnswerRequest(question="who?", images=(png(),), concepts=concepts, max_tokens=6)
    draw = GenerateRequest(prompt="a red ball", concepts=concepts, settings=SETTINGS)
    edit = EditRequest(image=png(), instruction="a hat", concepts=concepts, settings=SETTINGS)
    *_, drawn = model.generate(draw)
    *_, edited = model.edit(edit)
    assert isinstance(drawn, ImageResult)
    assert isinstance(edited, ImageResult)
    task = CompleteRequest(prompt="Parse\nmessage: hi", concepts=concepts, max_tokens=6)
    reply = run(last_of(model.pipeline.complete(task)))
    return text_of(model.answer(ask)), reply, drawn.png, edited.png


@pytest.fixture
def untouched(checkpoint: Path) -> Iterator[LocalPersonaModel]:
    """Return the base model, loaded anew."""
    loaded = load_model(str(checkpoint), device="cpu")
    yield loaded
    loaded.close()


def test_a_request_without_concepts_gets_the_base_models_outputs_bit_by_bit(
    model: LocalPersonaModel, untouched: LocalPersonaModel
) -> None:
    *_, learned = model.learn(LearnRequest(name="bo", photos=File.each((png(),)), preset="quick"))
    assert isinstance(learned, LearnResult)
    assert _outputs(model, learned.concept) != _outputs(model)
    assert _outputs(model) == _outputs(untouched)
