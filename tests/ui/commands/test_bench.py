"""Measurements on the command line: what is missing is said in a sentence."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

PROGRAM: Final = """
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[1]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())
from omnipersona.ui.cli import app
app(sys.argv[2:])
"""


@pytest.mark.parametrize("package", ["torchmetrics", "sklearn"])
def test_a_missing_extra_is_one_sentence(tmp_path: Path, package: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, package, "--data", str(tmp_path), "bench", "nano"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    sentence = f"The package {package} is missing. Install: pip install 'omnipersona[bench]'"
    assert done.stderr.strip() == sentence
