"""Edits of a concept's test photos, one of every kind."""

from pathlib import Path

from omnipersona.bench.datasets.edits import edit_items
from omnipersona.bench.datasets.layouts import read_unifybench
from omnipersona.training.corpus.edits import EDIT_KINDS


def test_every_kind_of_edit_is_asked_for_and_names_the_slot(unifybench: Path) -> None:
    data = read_unifybench(unifybench)
    bo = data.concept("bo")
    items = list(edit_items(bo, data.easy_negatives))
    assert {one.kind for one in items} == set(EDIT_KINDS)
    assert all("<c0>" in one.instruction for one in items)
    assert [one.photo for one in items if one.kind == "add"] == list(data.easy_negatives)
    assert {one.photo for one in items if one.kind != "add"} == set(bo.test_photos)
