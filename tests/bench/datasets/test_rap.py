"""RAP's database: one picture, one description and one kind per concept."""

import json
from pathlib import Path
from typing import Any

import pytest

from omnipersona.bench.datasets.folder import DatasetError
from omnipersona.bench.datasets.layouts import read_rap


def _entry(root: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    content = json.loads((root / "database.json").read_text())
    return content, content["concept_dict"]["<bo>"]


def test_the_file_and_its_folder_read_the_same(rap: Path) -> None:
    assert read_rap(rap) == read_rap(rap / "database.json")


def test_concepts_bring_kind_description_and_picture(rap: Path) -> None:
    bo, mam = read_rap(rap).concepts
    assert (bo.name, bo.kind, bo.description) == ("bo", "dog", "<c0> is a red dog.")
    assert bo.training_photos[0].path == rap / "bo.png"
    assert mam.training_photos[0].open().getpixel((0, 0)) == (0, 0, 255)


def test_several_pictures_may_be_listed(rap: Path) -> None:
    content, entry = _entry(rap)
    entry["image"] = ["bo.png", "mam.png"]
    (rap / "database.json").write_text(json.dumps(content))
    assert len(read_rap(rap).concept("bo").training_photos) == 2


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("image", "../bo.png", r"concept_dict\.<bo>\.image"),
        ("image", "http://example.org/x.png", r"concept_dict\.<bo>\.image"),
        ("image", [], "one picture at least"),
        ("category", "", r"concept_dict\.<bo>\.category is \"\"; expected a text"),
        ("info", 7, r"concept_dict\.<bo>\.info is 7"),
    ],
)
def test_a_wrong_field_is_named(rap: Path, field: str, value: object, message: str) -> None:
    content, entry = _entry(rap)
    entry[field] = value
    (rap / "database.json").write_text(json.dumps(content))
    with pytest.raises(DatasetError, match=message):
        read_rap(rap)
