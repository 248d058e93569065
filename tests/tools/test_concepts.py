"""Concepts as files."""

import pytest

from omnipersona.tools.concepts import MAX_FILE_BYTES, export_concept, import_concept
from omnipersona.tools.outcome import ToolDeps, ToolFailed


def test_what_was_exported_can_be_imported(deps: ToolDeps, bo_id: str) -> None:
    data = export_concept(deps, "ana", "Bo")
    view = import_concept(deps, "eve", "max", data, "dog")
    assert (view.name, view.kind, view.has_tokens) == ("max", "dog", True)
    assert export_concept(deps, "eve", "max") == data


def test_a_refused_file_leaves_no_concept(deps: ToolDeps) -> None:
    for data in (b"", b"\x80\x04K\x01.", b"x" * (MAX_FILE_BYTES + 1)):
        with pytest.raises(ToolFailed):
            import_concept(deps, "ana", "bo", data)
    assert deps.memory.concepts.list("ana") == ()


def test_a_taken_name_is_refused(deps: ToolDeps, bo_id: str) -> None:
    data = export_concept(deps, "ana", "bo")
    with pytest.raises(ToolFailed, match="already have <bo>"):
        import_concept(deps, "ana", "BO", data)
