"""A lesson into a file: alone, as a team of two processes, and gone on with."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from oracles.random_weights import png, random_model, small_tokenizer
from typer.testing import CliRunner

from omnipersona.model.bagel.backbone import load_pipeline
from omnipersona.model.bagel.checkpoint.loading import save_folder
from omnipersona.model.bagel.config import tiny
from omnipersona.model.concepts.file_format import read_card
from omnipersona.model.concepts.files import read_concept
from omnipersona.model.contract import ConceptFile
from omnipersona.ui.cli import app


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    save_folder(random_model(tiny()), folder)
    small_tokenizer().write(folder)
    for i in range(2):
        (folder / f"{i}.png").write_bytes(png(seed=i))
    return folder


def _arguments(folder: Path, out: Path) -> list[str]:
    lesson = ["bo", f"{folder}/0.png", f"{folder}/1.png", "-o", str(out), "--kind", "dog"]
    told = ["--fact", "toy=a red ball", "--preset", "quick"]
    return ["--model", str(folder), "learn-file", *lesson, *told]


def _table(folder: Path, out: Path) -> torch.Tensor:
    pipeline, _ = load_pipeline(str(folder), device="cpu")
    file = ConceptFile.of(out.read_bytes())
    assert (read_card(file).name, read_card(file).kind) == ("bo", "dog")
    return read_concept(file, 32, pipeline.fingerprint).table().detach()


def test_a_lesson_ends_in_a_file_that_can_be_gone_on_with(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "bo.safetensors"
    tables = []
    for _ in range(2):
        done = CliRunner().invoke(app, _arguments(folder, out))
        assert done.exit_code == 0, done.output
        assert "is complete" in done.stdout
        tables.append(_table(folder, out))
    assert not torch.equal(tables[0], tables[1])


@pytest.mark.slow
def test_two_processes_of_a_launcher_learn_together(folder: Path, tmp_path: Path) -> None:
    alone, together = tmp_path / "alone.safetensors", tmp_path / "together.safetensors"
    assert CliRunner().invoke(app, _arguments(folder, alone)).exit_code == 0
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    launcher += ["--nproc-per-node", "2", "-m", "omnipersona"]
    done = subprocess.run(
        [*launcher, *_arguments(folder, together)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("is complete") == 1
    table = _table(folder, together)
    assert torch.isfinite(table).all()
    assert not torch.equal(table, _table(folder, alone))


@pytest.mark.parametrize(
    ("fact", "photo", "sentence"),
    [("a red ball", "0.png", "ATTRIBUTE=VALUE"), ("toy=a ball", "config.json", "picture")],
)
def test_what_cannot_be_learned_is_one_sentence(
    folder: Path, tmp_path: Path, fact: str, photo: str, sentence: str
) -> None:
    out = tmp_path / "bo.safetensors"
    words = ["--model", str(folder), "learn-file", "bo", f"{folder}/{photo}", "-o", str(out)]
    done = CliRunner().invoke(app, [*words, "--fact", fact])
    assert done.exit_code == 1
    assert sentence in done.stderr
    assert not out.exists()
