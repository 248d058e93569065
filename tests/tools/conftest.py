"""The services that tools work with, on a scripted model."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import LastingModel, WordEncoder, taught

from omnipersona.memory.memory import Memory
from omnipersona.testing import ScriptedModel
from omnipersona.tools.jobs import LearningJobs
from omnipersona.tools.outcome import ToolDeps


@pytest.fixture
def model() -> ScriptedModel:
    return LastingModel()


@pytest.fixture
def deps(tmp_path: Path, model: ScriptedModel) -> Iterator[ToolDeps]:
    memory = Memory.open(tmp_path / "data", WordEncoder())
    jobs = LearningJobs(model, memory)
    yield ToolDeps(model=model, memory=memory, jobs=jobs)
    jobs.close()
    memory.close()


@pytest.fixture
def photo_id(deps: ToolDeps) -> str:
    from fakes import png

    return deps.memory.pictures.add("ana", png(), origin="uploaded").id


@pytest.fixture
def bo_id(deps: ToolDeps, photo_id: str) -> str:
    """A learned concept <bo> of ana."""
    from omnipersona.testing import concept_file

    concept = deps.memory.concepts.add("ana", "bo", kind="dog")
    deps.memory.concepts.attach_photo("ana", concept.id, photo_id)
    taught(deps.memory, "ana", concept.id, concept_file().whole, "scripted-1")
    return concept.id
