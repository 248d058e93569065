"""The doctor names what is missing or does not fit, before anything large is loaded."""

import json
from pathlib import Path

import pytest
from oracles.random_weights import random_model, small_tokenizer
from typer.testing import CliRunner

from omnipersona.agent.settings import load_settings
from omnipersona.model.bagel.checkpoint.loading import save_folder
from omnipersona.model.bagel.checkpoint.published import bagel_7b_mot
from omnipersona.model.bagel.config import tiny
from omnipersona.model.contract import Weights
from omnipersona.model.engine import devices
from omnipersona.ui.cli import app
from omnipersona.ui.commands import doctor
from omnipersona.ui.commands.doctor import Finding, examine


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Return a whole checkpoint of a tiny model."""
    folder = tmp_path / "small"
    save_folder(random_model(tiny()), folder)
    small_tokenizer().write(folder)
    return folder


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """Return the published model's JSON files, without its weights."""
    folder = tmp_path / "large"
    folder.mkdir()
    bagel_7b_mot().write(folder)
    return folder


def _findings(folder: Path, tmp_path: Path, weights: Weights | None = None) -> dict[str, Finding]:
    found = examine(load_settings(model=str(folder), data=tmp_path / "data", weights=weights))
    return {finding.name: finding for finding in found}


def test_a_small_model_is_loaded_and_everything_is_well(small: Path, tmp_path: Path) -> None:
    found = _findings(small, tmp_path)
    assert [finding for finding in found.values() if not finding.ok] == []
    assert found["model"].text.startswith("tiny on ")
    assert "KV cache" in found["drawing at 32 px"].text


def test_a_large_model_is_read_by_its_headers_alone(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_LOADED_UP_TO", 1)
    found = _findings(small, tmp_path)["model"]
    assert found.ok
    assert found.text.startswith("complete, not loaded: ")


def test_work_that_does_not_fit_is_told_with_both_sizes_and_a_way_out(
    large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "memory_of", lambda device: 8 * 10**9)
    found = _findings(large, tmp_path)
    assert "bfloat16 29.5 GB, int8 16.5 GB, nf4 10.2 GB" in found["weights"].text
    for name in ("drawing at 512 px", "drawing at 1024 px", "editing at 1024 px"):
        assert not found[name].ok
        assert "has 8.0 GB. Take a larger GPU, smaller weights (--weights nf4: " in found[name].text
        assert "--model nano" in found[name].text
    assert not found["learning at 512 px"].ok
    assert "ema.safetensors is missing" in found["model"].text


def test_work_that_fits_is_told_with_its_parts(
    large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "memory_of", lambda device: 80 * 10**9)
    found = _findings(large, tmp_path)["editing at 1024 px"]
    assert found.ok
    assert "autoencoder 4.3 GB" in found.text


def test_shrunk_weights_and_layers_that_run_twice_fit_where_whole_ones_do_not(
    large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "memory_of", lambda device: 24 * 10**9)
    assert not _findings(large, tmp_path)["drawing at 512 px"].ok
    assert _findings(large, tmp_path, "nf4")["drawing at 512 px"].ok
    learning = _findings(large, tmp_path, "nf4")["learning at 512 px"]
    assert learning.ok
    assert "in nf4 with layers that run twice" in learning.text


def test_a_folder_that_is_not_there_is_the_models_finding_alone(tmp_path: Path) -> None:
    found = _findings(tmp_path / "nowhere", tmp_path)
    assert "There is no folder" in found["model"].text
    assert "weights" not in found


def test_stores_are_named_and_a_server_that_is_down_is_told(small: Path, tmp_path: Path) -> None:
    found = _findings(small, tmp_path)
    assert found["records"].text == f"SQLite and Chroma in {tmp_path / 'data'}"
    assert found["files"].ok
    url = "postgresql://ana:hidden@127.0.0.1:1/omni"
    settings = load_settings(model=str(small), data=tmp_path / "data", database=url)
    found = {finding.name: finding for finding in examine(settings)}
    assert not found["records"].ok
    assert "The database omni on 127.0.0.1:1 cannot be reached" in found["records"].text
    assert "hidden" not in found["records"].text


def test_the_command_takes_a_model_of_its_own(large: Path, tmp_path: Path) -> None:
    arguments = ["--data", str(tmp_path / "data"), "doctor", "--model", str(large), "--json"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 1
    assert "the lines above say how to mend it" in done.stderr
    names = {finding["name"] for finding in json.loads(done.stdout)["findings"]}
    assert {"python", "weights", "learning at 1024 px", "model", "disk"} <= names
