"""Token files for ids."""

import pytest
from fakes import FakePersonaModel, concept_file

from omnipersona.tools.binding import concept_files
from omnipersona.tools.outcome import ToolDeps, ToolFailed


def test_files_come_in_the_order_of_the_ids(deps: ToolDeps, bo_id: str) -> None:
    (file,) = concept_files(deps, "ana", [bo_id])
    assert file == concept_file()


def test_a_concept_without_tokens_is_named(deps: ToolDeps) -> None:
    mia = deps.memory.concepts.add("ana", "mia")
    with pytest.raises(ToolFailed, match="<mia> is not learned yet"):
        concept_files(deps, "ana", [mia.id])


def test_tokens_of_other_weights_are_refused(
    deps: ToolDeps, model: FakePersonaModel, bo_id: str
) -> None:
    model.fingerprint = "fake-2"
    with pytest.raises(ToolFailed, match="other model weights"):
        concept_files(deps, "ana", [bo_id])
