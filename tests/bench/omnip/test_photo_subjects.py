"""The same comparison on folders of photos: BAGEL's layout with random weights, tiny encoders."""

from dataclasses import replace
from pathlib import Path

import pytest
from oracles.random_weights import random_model, small_tokenizer

from omnipersona.bench.datasets.folder import DatasetError
from omnipersona.bench.metrics.errors import MetricError
from omnipersona.bench.omnip.compare import Ground, compare, ground, plan_of
from omnipersona.bench.omnip.instruments import Sources
from omnipersona.bench.omnip.run import Plan, Result, run
from omnipersona.model.bagel.checkpoint.loading import save_folder
from omnipersona.model.bagel.concept_training.trainer import TrainingConfig
from omnipersona.model.bagel.config import tiny

CONFIG = TrainingConfig(num_steps=1, num_drawings=1, rate=0.01, gen_rate=0.01, is_thorough=False)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("tiny")
    save_folder(random_model(tiny()), folder)
    small_tokenizer().write(folder)
    return str(folder)


def _plan(data: Path, *names: str) -> Plan:
    plan = plan_of(names, concepts=1, seeds=1, quick=True, num_photos=2, num_examples=0, data=data)
    return replace(plan, config=CONFIG)


def _results(on: Ground, plan: Plan, out: Path) -> list[Result]:
    return run(on.pipeline, on.subjects, plan, out, lambda _: None)


@pytest.mark.parametrize("layout", ["unifybench", "yollava", "rap"])
def test_every_layout_can_be_measured(
    layout: str, checkpoint: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    plan = _plan(request.getfixturevalue(layout), "omnipersona")
    [result] = _results(ground(checkpoint, plan, Sources()), plan, tmp_path / "out")
    assert all(0.0 <= value <= 1.0 for scores in result.scores.values() for value in scores)
    assert not {"clip-i", "dino", "face", "parg"} & set(result.scores)


def test_encoders_and_the_judge_score_what_they_can(
    unifybench: Path, checkpoint: str, clip_folder: Path, dino_folder: Path, tmp_path: Path
) -> None:
    plan = _plan(unifybench, "base", "hybrid")
    sources = Sources(clip=clip_folder, dino=dino_folder, judge="self")
    on = ground(checkpoint, plan, sources)
    results = _results(on, plan, tmp_path / "out")
    for result in results:
        assert {"recall", "specificity", "choice", "clip-i", "clip-t", "dino"} <= set(result.scores)
        assert all(-1.001 <= value <= 1.001 for value in result.scores["clip-i"])
        # Random weights reply with nonsense: every verdict is a failure, counted as one.
        assert set(result.scores["judge failed"]) == {1.0}
        assert "edit done" not in result.scores
    text = compare(on, plan, tmp_path / "out", lambda _: None, as_json=False)
    assert "clip-i" in text
    assert (tmp_path / "out" / "report.html").exists()


def test_what_is_missing_is_named(unifybench: Path, checkpoint: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="none of the layouts"):
        ground(checkpoint, _plan(tmp_path, "base"), Sources())
    with pytest.raises(MetricError, match="hf download"):
        ground(checkpoint, _plan(unifybench, "base"), Sources(clip=tmp_path))
