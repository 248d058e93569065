"""The probe of a training tells what a network can do, and keeps a table of it."""

import csv
from pathlib import Path

import pytest
import torch
from torch import nn

from omnipersona.model.bagel.checkpoint.loading import load_folder
from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.model.registry import NANO_FOLDER
from omnipersona.training.trainers import validation as module
from omnipersona.training.trainers.network import Trainee
from omnipersona.training.trainers.validation import Probe

CHECKPOINT = NANO_FOLDER


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Probe:
    counts = {"_NUM_LOOKS": 90, "_NUM_TURNS": 4, "_NUM_RECOGNITIONS": 4, "_NUM_DRAWINGS": 6}
    for name, count in counts.items():
        monkeypatch.setattr(module, name, count)
    return Probe(Tokenizer.read(CHECKPOINT), tmp_path)


@pytest.fixture
def trainee() -> Trainee:
    return Trainee(load_folder(CHECKPOINT), 4)


def test_a_trained_network_is_told_from_a_spoilt_one(probe: Probe, trainee: Trainee) -> None:
    trained = probe.measure(trainee)
    assert trained == probe.measure(trainee)
    with torch.no_grad():
        nn.init.normal_(trainee.model.connector.fc2.weight)
        trainee.model.llm2vae.weight.zero_()
    spoilt = probe.measure(trainee)
    assert trained["look: scene"] > 0.5 > spoilt["look: scene"]
    assert trained["text: parse"] == spoilt["text: parse"]
    for name in ("drawing at 0.8: place", "edit at 0.8: rest"):
        assert trained[name] < 0.5 * spoilt[name]
    assert trained["drawing at 0.2: figures"] < trained["drawing at 0.8: figures"]


def test_a_line_is_written_when_it_is_due(
    probe: Probe, trainee: Trainee, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe.write_when_due(trainee, 10)
    monkeypatch.setattr(module, "_EVERY_SECONDS", 0.0)
    probe.write_when_due(trainee, 20)
    with (tmp_path / "probe.csv").open(encoding="utf-8", newline="") as file:
        (line,) = csv.DictReader(file)
    assert line["step"] == "20"
    assert 0.0 <= float(line["recognised"]) <= 1.0
