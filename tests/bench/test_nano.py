import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from omnipersona.bench import nano
from omnipersona.bench.errors import BenchError
from omnipersona.bench.nano import as_json, run_nano, table
from omnipersona.bench.sample import Section, Sizes
from omnipersona.bench.sheet import contact_sheet
from omnipersona.model.bagel.backbone import LocalPersonaModel, load_model
from omnipersona.model.bagel.checkpoint.loading import save_folder
from omnipersona.model.bagel.config import tiny
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.ui.cli import app

_FEW = Sizes(
    photos=Section(items=3),
    foreign=Section(items=2),
    drawings=Section(items=2),
    two_characters=Section(items=2),
    edits=Section(items=7),
    intents=Section(items=12),
    phrasings=Section(items=2),
    texts=Section(items=4),
    concepts=Section(items=2),
    preset="quick",
    look_alikes=2,
    together=1,
    renders=8,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tiny")
    torch.manual_seed(0)
    save_folder(OmniModel(tiny()), made, dtype=torch.float32)
    Tokenizer.train(["a small vocabulary"], tiny().text.vocab_size).write(made)
    return made


@pytest.fixture
def model(folder: Path) -> Iterator[LocalPersonaModel]:
    loaded = load_model(str(folder), device="cpu")
    yield loaded
    loaded.close()


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nano, "QUICK", _FEW)


def test_any_checkpoint_can_be_measured(model: LocalPersonaModel, folder: Path) -> None:
    told: list[str] = []
    rows = run_nano(model, quick=True, on_progress=told.append, checkpoint=folder)
    names = [row.name for row in rows]
    assert len(set(names)) == len(names)
    assert "edits" in told
    for name in (
        "photo questions",
        "drawings: species",
        "edits: remove",
        "intents",
        "recall",
        "concepts: facts recalled",
    ):
        row = next(row for row in rows if row.name == name)
        assert row.goal is None or not row.ok
        assert row.n > 0
    assert "autoencoder: PSNR, dB" in names
    assert "drawings: Frechet distance" in names
    assert "two characters: both there" in names
    for row in rows:
        if row.low is not None and row.high is not None:
            assert row.low <= row.value + 1e-9
            assert row.value - 1e-9 <= row.high
        else:
            assert row.n <= 1 or row.name.startswith(("seconds", "concepts"))
    assert len(json.loads(as_json(rows))["rows"]) == len(rows)
    assert len(table(rows).splitlines()) == len(rows) + 1


def test_only_the_named_sections_are_measured(model: LocalPersonaModel, folder: Path) -> None:
    told: list[str] = []
    chosen = ("drawings", "two characters")
    rows = run_nano(model, quick=True, sections=chosen, on_progress=told.append, checkpoint=folder)
    assert told == ["drawings", "two characters"]
    assert {row.name.partition(":")[0] for row in rows} == {*chosen, "seconds per drawing"}
    again = run_nano(model, quick=True, sections=("drawings",), checkpoint=folder)
    assert again[:-1] == rows[: len(again) - 1]


def test_an_unknown_section_is_refused_and_the_known_ones_are_named(
    model: LocalPersonaModel, folder: Path
) -> None:
    with pytest.raises(BenchError, match="named drawing; choose among photo questions, .*reader"):
        run_nano(model, quick=True, sections=("drawing", "edits"), checkpoint=folder)


def test_the_command_measures_the_sections_that_it_is_given(folder: Path, tmp_path: Path) -> None:
    words = ["--data", str(tmp_path), "--model", str(folder), "bench", "nano", "--quick", "--json"]
    done = CliRunner().invoke(app, [*words, "--section", "foreign pictures"])
    assert done.exit_code == 0
    names = [row["name"] for row in json.loads(done.stdout)["rows"]]
    assert names == ["photographs declined", "foreign pictures declined", "seconds per answer"]
    refused = CliRunner().invoke(app, [*words, "--section", "foreign"])
    assert refused.exit_code == 1
    assert "choose among photo questions" in refused.stderr


def test_another_checkpoint_gives_no_autoencoder_rows(
    model: LocalPersonaModel, tmp_path: Path
) -> None:
    rows = run_nano(model, quick=True, checkpoint=tmp_path / "nothing")
    assert not [row for row in rows if row.name.startswith("autoencoder")]


def test_a_contact_sheet_shows_drawings_and_edits(model: LocalPersonaModel) -> None:
    sheet = contact_sheet(model, num_drawings=2)
    assert sheet.width > 700
    assert len(sheet.getcolors(sheet.width * sheet.height) or ()) > 50
