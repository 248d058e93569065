"""Layouts are told apart by their marks."""

from pathlib import Path

import pytest

from omnipersona.bench.datasets.folder import DatasetError
from omnipersona.bench.datasets.layouts import detect_layout, read_dataset, read_rap


def test_each_layout_is_detected_and_read(unifybench: Path, yollava: Path, rap: Path) -> None:
    folders = {"unifybench": unifybench, "yollava": yollava, "rap": rap}
    for layout, folder in folders.items():
        assert detect_layout(folder) == layout
        assert read_dataset(folder).layout == layout
    assert detect_layout(rap / "database.json") == "rap"


def test_the_fuller_layout_wins(yollava: Path, rap: Path) -> None:
    (yollava / "database.json").write_bytes((rap / "database.json").read_bytes())
    assert detect_layout(yollava) == "yollava"


def test_another_folder_is_refused_with_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"rap: database\.json"):
        read_dataset(tmp_path)
    with pytest.raises(DatasetError, match="is missing; expected the folder"):
        read_rap(tmp_path / "nowhere")
