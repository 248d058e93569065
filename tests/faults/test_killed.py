"""A process that is killed in the middle of its work, and the data folder that it leaves."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from fakes import LastingModel, WordEncoder, png

from omnipersona.memory.memory import Memory
from omnipersona.model.contract import LearnRequest
from omnipersona.tools.jobs import LearningJobs

ME = "ana"
OPEN = """
import itertools, sys
from pathlib import Path
from fakes import LastingModel, WordEncoder
from omnipersona.memory.memory import Memory
from omnipersona.model.contract import LearnRequest
from omnipersona.tools.jobs import LearningJobs
from omnipersona.ui.commands.command_line import write_file
folder = Path(sys.argv[1])
memory = Memory.open(folder, WordEncoder())
"""
INDEXES = """
for number in itertools.count():
    fact = memory.facts.add(
        "ana", concept_id=None, attribute="toy", value=f"ball {number}", source="said", origin="m"
    )
    assert memory.recall("ana", "toy", limit=100)
    print(fact.id, flush=True)
"""
LEARNS = """
[bo] = memory.concepts.list("ana")
model = LastingModel(num_learn_steps=100_000, saves=True)
jobs = LearningJobs(model, memory, ["nano"])
status = jobs.start("ana", bo.id)
while True:
    status = jobs.wait("ana", status.job_id, status)
    print(status.step, flush=True)
"""
EXPORTS = """
for number in itertools.count():
    write_file(folder / "bo.zip", b"%d" % (number % 10) * 4_000_000)
    print(number, flush=True)
"""


def killed(folder: Path, work: str, num_lines: int) -> list[str]:
    """Run a program on a data folder, kill it after some lines; return all that it printed."""
    command = [sys.executable, "-c", OPEN + work, str(folder)]
    tests = str(Path(__file__).parents[1])
    env = {**os.environ, "PYTHONPATH": tests, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        told = [process.stdout.readline().strip() for _ in range(num_lines)]
        process.kill()
        told += process.stdout.read().split()
    assert all(told), "the program ended by itself"
    return told


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a data folder with a concept that has a photo."""
    memory = Memory.open(tmp_path / "data", WordEncoder())
    bo = memory.concepts.add(ME, "bo", kind="dog")
    photo = memory.pictures.add(ME, png(), origin="uploaded")
    memory.concepts.attach_photo(ME, bo.id, photo.id)
    memory.close()
    return tmp_path / "data"


@pytest.mark.slow
@pytest.mark.parametrize("num_lines", [1, 12])
def test_every_fact_is_found_after_a_kill_while_indexing(folder: Path, num_lines: int) -> None:
    told = killed(folder, INDEXES, num_lines)
    memory = Memory.open(folder, WordEncoder())
    found = {ranked.fact.id for ranked in memory.recall(ME, "toy", limit=100)}
    assert found == {fact.id for fact in memory.facts.list(ME)}
    assert set(told) <= found
    memory.close()


@pytest.mark.slow
@pytest.mark.parametrize("num_lines", [1, 40])
def test_learning_goes_on_after_a_kill_from_whole_tokens(folder: Path, num_lines: int) -> None:
    killed(folder, LEARNS, num_lines)
    memory = Memory.open(folder, WordEncoder())
    [bo] = memory.concepts.list(ME)
    assert bo.state == "learning"
    model = LastingModel()
    jobs = LearningJobs(model, memory, ["nano"])
    [status] = jobs.list(ME)
    assert jobs.wait(ME, status.job_id).state == "ready"
    [request] = model.of_type(LearnRequest)
    if num_lines > 1:
        assert request.start is not None, "it goes on from what was saved"
        assert b"step" in request.start.whole
    # Tokens that were written when the kill came before their record go with the next sweeps.
    memory.upkeep.sweep()
    memory.upkeep.sweep(timedelta(0))
    files = [path for path in (folder / "blobs").rglob("*") if path.is_file()]
    assert len(files) == 2, "one photo and one token file, nothing half written"
    jobs.close()
    memory.close()


@pytest.mark.slow
def test_an_exported_file_is_whole_after_a_kill(folder: Path) -> None:
    killed(folder, EXPORTS, 5)
    data = (folder / "bo.zip").read_bytes()
    assert len(data) == 4_000_000
    assert len(set(data)) == 1, "parts of two exports"
    memory = Memory.open(folder, WordEncoder())
    assert [concept.name for concept in memory.concepts.list(ME)] == ["bo"]
    memory.close()
