"""Checkpoints on the command line: listed, fetched from a hub on this machine, verified."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fake_hub import Hub, served
from huggingface_hub import constants
from oracles.random_weights import random_model, small_tokenizer
from typer.testing import CliRunner, Result

from omnipersona.model.bagel.checkpoint.loading import fingerprint, load_folder, save_folder
from omnipersona.model.bagel.checkpoint.published import NEEDED_FILES
from omnipersona.model.bagel.config import tiny
from omnipersona.ui.cli import app

Run = Callable[..., Result]
NAME = "bagel-7b-mot"
MEBIBYTE = 2**20


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkpoint in the published layout, with a file that nobody needs.

    Its vocabulary is large, so that its file takes more than one piece of the client's 10 MiB.
    """
    folder = tmp_path_factory.mktemp("published")
    text = replace(tiny().text, vocab_size=64_000)
    save_folder(random_model(replace(tiny(), text=text)), folder)
    small_tokenizer().write(folder)
    (folder / "demo.mp4").write_bytes(b"\x00" * 1000)
    return folder


@pytest.fixture
def hub(published: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with served(published) as hub:
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, hub.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        monkeypatch.setenv("HF_TOKEN", "secret")
        yield hub


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command on a data folder of the test's own, in this process."""

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["--data", str(tmp_path / "data"), *arguments])

    return call


def test_a_checkpoint_is_fetched_listed_and_verified(
    run: Run, hub: Hub, published: Path, tmp_path: Path
) -> None:
    done = run("models", "get", NAME)
    folder = tmp_path / "data" / "models" / NAME
    assert done.exit_code == 0, done.stderr
    assert f"Use it: omnipersona --model {folder} chat" in done.stdout
    assert {name for _, name, _ in hub.requests} == {*NEEDED_FILES, "config.json"}
    assert hub.tokens == []
    assert fingerprint(load_folder(folder)) == fingerprint(load_folder(published))
    assert not list(folder.glob("*.partial"))
    rows = json.loads(run("models", "list", "--json").stdout)["models"]
    assert [(row["name"], row["complete"]) for row in rows] == [("nano", True), (NAME, True)]
    assert rows[1]["bytes"] > 16e6
    checked = run("models", "check", NAME, "--verbose")
    assert checked.exit_code == 0, checked.stderr
    assert "ema.safetensors: " in checked.stdout
    hub.requests.clear()
    assert run("models", "get", NAME).exit_code == 0
    assert {method for method, _, _ in hub.requests} == {"HEAD"}


def test_an_interrupted_download_goes_on_where_it_was(
    run: Run, hub: Hub, published: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hub.cut_after = 11 * MEBIBYTE
    stopped = run("models", "get", NAME)
    folder = tmp_path / "data" / "models" / NAME
    assert stopped.exit_code == 1
    assert "run the command again to go on" in stopped.stderr
    assert len(stopped.stderr.strip().splitlines()) == 2, "what is to fetch, and why it ended"
    assert "Trying to resume download" in caplog.text
    [partial] = folder.glob("*.partial")
    arrived = partial.stat().st_size
    assert arrived == 10 * MEBIBYTE
    listed = run("models", "list").stdout
    assert "incomplete" in listed
    hub.cut_after, hub.is_down = None, False
    hub.requests.clear()
    done = run("models", "get", NAME)
    assert done.exit_code == 0, done.stderr
    name = partial.name.split(".safetensors")[0] + ".safetensors"
    assert ("GET", name, f"bytes={arrived}-") in hub.requests
    assert (folder / name).read_bytes() == (published / name).read_bytes()


def test_a_damaged_file_is_refused_and_deleted(run: Run, hub: Hub, tmp_path: Path) -> None:
    hub.wrong_hash = True
    done = run("models", "get", NAME)
    assert done.exit_code == 1
    assert "arrived damaged" in done.stderr
    kept = [path.name for path in (tmp_path / "data" / "models" / NAME).iterdir()]
    assert [name for name in kept if not name.startswith(".")] == []


def test_a_revision_that_is_not_there_is_named(run: Run, hub: Hub) -> None:
    done = run("models", "get", NAME, "--revision", "v9")
    assert done.exit_code == 1
    assert "revision v9" in done.stderr
    assert "--revision" in done.stderr


def test_another_revision_has_its_own_folder(run: Run, hub: Hub, tmp_path: Path) -> None:
    hub.revision = "refs%2Fpr%2F3"
    done = run("models", "get", NAME, "--revision", "refs/pr/3")
    assert done.exit_code == 0, done.stderr
    folders = [path.name for path in (tmp_path / "data" / "models").iterdir()]
    assert folders == [f"{NAME}@refs-pr-3"]


def test_a_hub_that_is_down_is_one_sentence(run: Run, hub: Hub) -> None:
    hub.is_down = True
    done = run("models", "get", NAME)
    assert done.exit_code == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "could not be fetched" in done.stderr


def test_the_program_asks_the_hub_that_the_environment_names(hub: Hub, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "omnipersona", "--data", str(tmp_path / "data")]
    done = subprocess.run(
        [*command, "models", "get", NAME],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "HF_ENDPOINT": hub.url},
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, "no bar where nobody looks"
    assert {name for _, name, _ in hub.requests} == {*NEEDED_FILES, "config.json"}


def test_a_name_that_is_not_published_is_wrong_usage(run: Run) -> None:
    done = run("models", "get", "bagel-70b")
    assert done.exit_code == 2
    assert NAME in done.stderr


def test_without_a_fetched_checkpoint_the_list_says_how_to_get_it(run: Run) -> None:
    done = run("models", "list")
    assert done.stdout.splitlines()[0].startswith("nano")
    assert "complete" in done.stdout
    assert f"omnipersona models get {NAME}" in done.stdout


def test_a_checked_folder_that_does_not_fit_exits_with_1(run: Run, tmp_path: Path) -> None:
    done = run("models", "check", str(tmp_path))
    assert (done.exit_code, done.stdout) == (1, "")
    assert "llm_config.json is missing" in done.stderr
    assert run("models", "check", "nano", "--json").exit_code == 0
