"""The best tokens on held-out photos are kept, and learning stops when they no longer gain."""

from types import SimpleNamespace
from typing import cast

import pytest
import torch
from oracles.random_weights import png

from omnipersona.model.bagel.concept_training.early_stopping import PATIENCE, EarlyStopping
from omnipersona.model.bagel.concept_training.trainer import TrainingConfig, learn_batch
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.pipeline import Pipeline
from omnipersona.model.bagel.sequence import Sample, TextSegment
from omnipersona.model.concepts.files import read_concept
from omnipersona.model.concepts.tokens import ConceptTokens
from omnipersona.model.contract import File, LearnEvent, LearnRequest


def _tokens() -> ConceptTokens:
    return ConceptTokens.from_table(torch.zeros(33, 4))


def test_the_best_tokens_come_back_and_learning_is_over_after_patience(pipeline: Pipeline) -> None:
    tokens = _tokens()
    losses = iter([3.0, 1.0, 2.0, 2.0, 2.0])

    def model(_packed: object, _table: object) -> object:
        return SimpleNamespace(ce=torch.tensor([next(losses)]), mse=torch.zeros(1))

    markers = pipeline.tokenizer.markers
    samples = [Sample(segments=(TextSegment(ids=[1, 2]),))]
    stopping = EarlyStopping(cast("OmniModel", model), [tokens], samples, markers)
    for i in range(2 + PATIENCE):
        assert not stopping.is_over
        with torch.no_grad():
            tokens.sks.fill_(float(i))
        stopping.look()
    assert stopping.is_over
    stopping.restore()
    assert float(tokens.sks.detach().mean()) == 1.0


def test_without_samples_nothing_is_watched(pipeline: Pipeline) -> None:
    tokens = _tokens()
    stopping = EarlyStopping(pipeline.model, [tokens], [], pipeline.tokenizer.markers)
    assert all(stopping.look() is None for _ in range(5))
    assert not stopping.is_over
    stopping.restore()
    assert float(tokens.sks.detach().abs().sum()) == 0.0


@pytest.mark.parametrize(("num_photos", "is_watched"), [(4, False), (6, True)])
def test_a_fifth_of_five_or_more_photos_is_held_out(
    pipeline: Pipeline, num_photos: int, is_watched: bool
) -> None:
    photos = tuple(png(seed=i) for i in range(num_photos))
    config = TrainingConfig(
        num_steps=4, num_drawings=1, rate=0.01, gen_rate=0.01, is_thorough=False, probe_every=2
    )
    request = LearnRequest(name="Bo", photos=File.each(photos), kind="dog")
    *events, files = learn_batch(pipeline, [request], config)
    steps = [event for event in events if isinstance(event, LearnEvent) and event.step]
    looked = [event.step for event in steps if event.loss_held_out is not None]
    assert looked == ([2, 4] if is_watched else [])
    assert isinstance(files, list)
    assert len(read_concept(files[0], 32, pipeline.fingerprint).table()) == 33
