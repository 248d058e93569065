import pytest
from PIL import Image

from omnipersona.bench.asking import Asker
from omnipersona.bench.edits import demand_of, judge_edit, judge_edits, sample_item
from omnipersona.bench.reader import load_reader
from omnipersona.bench.traits import truth
from omnipersona.model.errors import ForeignPicture
from omnipersona.testing import Faults, ScriptedModel
from omnipersona.training.corpus.edits import EDIT_KINDS, Edit
from omnipersona.training.world.render import render

_ITEMS = [sample_item(3, kind, i) for i in range(20) for kind in EDIT_KINDS]


@pytest.mark.parametrize("edit", _ITEMS[:70], ids=lambda edit: edit.kind)
def test_the_truth_itself_is_done_and_the_source_is_not(edit: Edit) -> None:
    true = truth(edit.target)
    assert judge_edit(edit, true, true).is_done
    assert not judge_edit(edit, truth(edit.source), true).changed


@pytest.mark.parametrize("edit", _ITEMS[:70], ids=lambda edit: edit.kind)
def test_another_place_spoils_what_should_stay(edit: Edit) -> None:
    if "place" in demand_of(edit).asked:
        return
    true = truth(edit.target)
    elsewhere = true | {"place": "beach" if true["place"] != "beach" else "snow"}
    verdict = judge_edit(edit, elsewhere, true)
    assert verdict.changed
    assert not verdict.kept


def test_nothing_is_both_asked_and_kept() -> None:
    for edit in _ITEMS:
        demand = demand_of(edit)
        assert demand.asked
        assert not set(demand.asked) & set(demand.kept)


def test_true_targets_are_done_in_pixels() -> None:
    images = [render(edit.target) for edit in _ITEMS]
    done, changed, kept = judge_edits(_ITEMS, images, load_reader(), 64)
    assert done.total()[0] >= 0.95
    assert changed.total()[0] >= 0.95
    assert kept.total()[0] == 1.0


def test_sources_are_not_done_in_pixels() -> None:
    images = [render(edit.source) for edit in _ITEMS]
    done, changed, _ = judge_edits(_ITEMS, images, load_reader(), 64)
    assert done.total()[0] <= 0.02
    assert changed.total()[0] <= 0.05


def test_items_are_the_same_for_the_same_seed() -> None:
    assert sample_item(3, "remove", 0) == sample_item(3, "remove", 0)
    assert sample_item(3, "remove", 0) != sample_item(4, "remove", 0)


def test_a_refused_edit_counts_as_one_that_changed_nothing() -> None:
    model = ScriptedModel(faults=Faults(error=ForeignPicture("not of this world")))
    source = Image.new("RGB", (8, 8), "red")
    asker = Asker(model)
    assert asker.edit(source, "put a hat on the dog", seed=0) is source
    assert asker.edits == []
