"""Token files for ids: named by their digest, sent where the model lacks them."""

import pytest

from omnipersona.model.contract import ConceptFile
from omnipersona.model.errors import MissingFiles
from omnipersona.testing import ScriptedModel, concept_file
from omnipersona.tools.binding import with_concepts
from omnipersona.tools.outcome import ToolDeps, ToolFailed


def test_tokens_are_sent_only_where_they_are_missing(deps: ToolDeps, bo_id: str) -> None:
    sent: list[tuple[ConceptFile, ...]] = []

    def call(files: tuple[ConceptFile, ...]) -> str:
        sent.append(files)
        if len(sent) == 1:
            raise MissingFiles([file.sha256 for file in files])
        return "done"

    assert with_concepts(deps, "ana", [bo_id], call) == "done"
    assert with_concepts(deps, "ana", [bo_id], call) == "done"
    whole = concept_file()
    named = ConceptFile(sha256=whole.sha256)
    assert sent == [(named,), (whole,), (named,)]


def test_a_concept_without_tokens_is_named(deps: ToolDeps) -> None:
    mia = deps.memory.concepts.add("ana", "mia")
    with pytest.raises(ToolFailed, match="<mia> is not learned yet"):
        with_concepts(deps, "ana", [mia.id], len)


def test_tokens_of_other_weights_are_refused(
    deps: ToolDeps, model: ScriptedModel, bo_id: str
) -> None:
    model.fingerprint = "scripted-2"
    with pytest.raises(ToolFailed, match="other model weights"):
        with_concepts(deps, "ana", [bo_id], len)
