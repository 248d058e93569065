"""The command line as a program of its own."""

import os
import subprocess
import sys
from pathlib import Path


def omnipersona(data: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "omnipersona", "--data", str(data), *arguments]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OMNIPERSONA_")}
    environment.update(variables, OMP_NUM_THREADS="1")
    return subprocess.run(
        command, capture_output=True, text=True, timeout=300, env=environment, check=False
    )
