"""The scripts of training refuse what they do not know, and say when nothing runs."""

import os
import subprocess
from pathlib import Path
from typing import Final

import pytest

SCRIPTS: Final = Path(__file__).parents[1] / "scripts"


def run(script: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SCRIPTS / script, *arguments],
        env={**os.environ, "OMNIPERSONA_TRAINING": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("script", ["train_in_background.sh", "train_on_gpu.sh"])
def test_an_unknown_option_starts_nothing(script: str, tmp_path: Path) -> None:
    done = run(script, "--nothing", folder=tmp_path / "training")
    assert done.returncode == 2
    assert "--nothing" in done.stderr
    assert not (tmp_path / "training").exists()


@pytest.mark.parametrize("option", ["--pause", "--resume", "--stop"])
def test_what_does_not_run_cannot_be_paused(option: str, tmp_path: Path) -> None:
    done = run("train_in_background.sh", option, folder=tmp_path)
    assert done.returncode == 1
    assert "No training runs" in done.stderr


def test_the_status_tells_the_last_losses(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "network.csv").write_text("step,draw\n25,0.3\n50,0.2\n")
    done = run("train_in_background.sh", "--status", folder=tmp_path)
    assert done.returncode == 0
    assert "does not run" in done.stdout
    assert "step=50 draw=0.2" in done.stdout
