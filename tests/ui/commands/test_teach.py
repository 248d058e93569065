"""Whole data sets as concepts: what is learned, what is skipped, what is refused."""

import json
from importlib import resources
from pathlib import Path

import pytest
from hasty import hasty
from program import omnipersona

SAMPLES = resources.files("omnipersona.ui.page") / "samples"


def rap(folder: Path, **concepts: str) -> Path:
    """Write a RAP database; each concept has the sample photo of this name."""
    entries = {}
    for name, photo in concepts.items():
        (folder / photo).write_bytes((SAMPLES / photo).read_bytes())
        info = f"<{name}> lives at the beach."
        entries[f"<{name}>"] = {"name": name, "image": photo, "info": info, "category": "cat"}
    content = json.dumps({"concept_dict": entries})
    (folder / "database.json").write_text(content, encoding="utf-8")
    return folder


@pytest.mark.slow
def test_a_data_set_is_learned_once_with_its_facts(tmp_path: Path) -> None:
    folder, data, model = tmp_path / "rap", tmp_path / "data", hasty(tmp_path / "hasty")
    folder.mkdir()
    rap(folder, mia="cat_in_the_room.png")
    options = ("--model", str(model), "concepts")
    first = omnipersona(data, *options, "teach", str(folder))
    assert first.stdout.splitlines() == ["<mia>: learned", "1 learned, 0 known before."], first
    shown = json.loads(omnipersona(data, *options, "show", "mia", "--json").stdout)
    assert (shown["kind"], shown["num_photos"]) == ("cat", 1)
    assert any("beach" in fact for fact in shown["facts"])
    again = omnipersona(data, *options, "teach", str(folder))
    assert again.stdout.splitlines() == ["0 learned, 1 known before."]


def test_what_is_no_data_set_is_refused(tmp_path: Path) -> None:
    done = omnipersona(tmp_path / "data", "concepts", "teach", str(tmp_path))
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
