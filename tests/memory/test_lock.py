"""One process owns a data folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from omnipersona.memory.memory import Memory
from omnipersona.store.errors import DataFolderBusy, StorageFailed
from omnipersona.store.lock import FolderLock

OTHER = """
import sys
from pathlib import Path
from omnipersona.store.errors import DataFolderBusy
from omnipersona.memory.memory import Memory
try:
    Memory.open(Path(sys.argv[1])).close()
except DataFolderBusy as error:
    sys.exit(str(error))
"""


def run_other(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", OTHER, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_second_process_is_told_which_folder_is_busy(tmp_path: Path, memory: Memory) -> None:
    refused = run_other(tmp_path / "data")
    assert refused.returncode == 1
    assert str(tmp_path / "data") in refused.stderr
    assert "in use" in refused.stderr
    memory.close()
    assert run_other(tmp_path / "data").returncode == 0


def test_a_second_memory_in_one_process_is_refused(tmp_path: Path, memory: Memory) -> None:
    with pytest.raises(DataFolderBusy, match="--data"):
        Memory.open(tmp_path / "data")
    assert memory.facts.list("anna") == ()


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageFailed, match="cannot be used"):
        FolderLock(tmp_path / "file" / "data").acquire()


def test_a_failed_opening_gives_the_folder_back(tmp_path: Path) -> None:
    (tmp_path / "memory.sqlite3").write_bytes(b"garbage" * 1000)
    for _ in range(2):
        with pytest.raises(StorageFailed):
            Memory.open(tmp_path)
