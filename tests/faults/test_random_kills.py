"""A few kills of the store at random moments; hundreds are in docs/storage.md."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "kill_store.py"


@pytest.mark.slow
def test_a_few_random_kills_leave_nothing_torn() -> None:
    command = [sys.executable, str(SCRIPT), "--kills", "10", "--seed", "7"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "10 kills and 1 of backups: nothing lost, torn or stuck" in done.stdout
