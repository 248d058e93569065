"""Slots for names, token files for ids."""

import pytest
from fakes import FakePersonaModel, concept_file

from omnipersona.store.text import compare_key
from omnipersona.tools.binding import concept_files, is_name, write_slots
from omnipersona.tools.outcome import ToolDeps, ToolFailed


def test_only_given_names_become_slots() -> None:
    assert write_slots("<Bo> and <mia> and <c1>", ["bo"]) == "<c0> and mia and c1"


def test_names_that_could_be_tokens_or_slots_are_none() -> None:
    assert is_name("Bo")
    for bad in ("c0", "|im_start|", "", "  ", "x" * 100, "image", "a/b"):
        assert not is_name(bad)


def test_case_and_form_do_not_make_another_name() -> None:
    assert compare_key("AM\u00c9LIE") == compare_key("ame\u0301lie")


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
