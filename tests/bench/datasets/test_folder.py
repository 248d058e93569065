"""A data set's folder: nothing outside it, nothing opened early, errors that name the place."""

from pathlib import Path

import pytest
from PIL import Image

from omnipersona.bench.datasets.folder import DatasetError, Folder, Node, Photo


def _draw(path: Path, size: tuple[int, int] = (24, 16)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, "red").save(path)
    return path


def _path(text: str) -> Node:
    return Node(file=Path("items.json"), field="[3].image", value=text)


def test_photos_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("10.png", "2.jpg", "1.PNG", "2_mask.png", ".3.png"):
        _draw(tmp_path / "bo" / name)
    (tmp_path / "bo/notes.txt").write_text("x")
    found = Folder(tmp_path).photos("bo")
    assert [photo.path.name for photo in found] == ["1.PNG", "2.jpg", "10.png"]


def test_a_missing_folder_holds_no_photos(tmp_path: Path) -> None:
    assert Folder(tmp_path).photos("bo") == ()
    with pytest.raises(DatasetError, match=r"bo holds no picture; expected 0\.png"):
        Folder(tmp_path).some_photos("bo")


def test_pictures_are_opened_when_asked_and_not_before(tmp_path: Path) -> None:
    (tmp_path / "0.png").write_bytes(b"no picture")
    photo = Folder(tmp_path).some_photos(".")[0]
    with pytest.raises(DatasetError, match=r"0\.png"):
        photo.open()
    _draw(photo.path)
    assert photo.open().size == (24, 16)
    assert photo.open().mode == "RGB"
    photo.path.unlink()
    with pytest.raises(DatasetError, match="cannot be opened"):
        photo.png()


def test_transparent_places_become_white(tmp_path: Path) -> None:
    Image.new("RGBA", (16, 16), (255, 0, 0, 0)).save(tmp_path / "0.png")
    assert Photo(tmp_path / "0.png").open().getpixel((3, 3)) == (255, 255, 255)


@pytest.mark.parametrize(
    "text",
    ["../secret.png", "data/../../secret.png", "/etc/passwd", "C:\\secret.png", "missing.png"],
)
def test_a_path_that_leaves_the_folder_is_refused(tmp_path: Path, text: str) -> None:
    _draw(tmp_path / "secret.png")
    root = tmp_path / "data"
    root.mkdir()
    with pytest.raises(DatasetError, match=r"items\.json: field \[3\]\.image is .* inside"):
        Folder(root).written(_path(text), ("test",))


def test_a_link_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    secret = _draw(tmp_path / "secret.png")
    root = tmp_path / "data"
    root.mkdir()
    (root / "0.png").symlink_to(secret)
    with pytest.raises(DatasetError, match="outside"):
        Folder(root).photos(".")
    with pytest.raises(DatasetError, match="outside"):
        Folder(root).written(_path("0.png"), ())


@pytest.mark.parametrize(
    "text",
    [
        "test/bo/0.png",
        "./data/test/bo/0.png",
        "/home/x/data/test/bo/0.png",
        "D:\\d\\test\\bo\\0.png",
    ],
)
def test_a_path_from_another_machine_is_cut_at_an_anchor(tmp_path: Path, text: str) -> None:
    there = _draw(tmp_path / "test/bo/0.png")
    assert Folder(tmp_path).written(_path(text), ("test",)).path == there


def test_a_json_error_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"a\.json is missing"):
        Folder(tmp_path).json("a.json")
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(DatasetError, match=r"a\.json is no valid JSON"):
        Folder(tmp_path).json("a.json")
    (tmp_path / "a.json").write_bytes(b"\xff\xfe{")
    with pytest.raises(DatasetError, match=r"a\.json is no valid JSON"):
        Folder(tmp_path).json("a.json")


def test_a_field_error_names_file_field_value_and_expectation() -> None:
    top = Node(file=Path("x.json"), field="", value={"a": [{"b": 3}]})
    inner = top.child("a").elements()[0].child("b")
    with pytest.raises(DatasetError) as error:
        inner.text()
    assert str(error.value) == "x.json: field a[0].b is 3; expected a text."
    with pytest.raises(DatasetError, match="the whole file is .*; expected an object with .*'c'"):
        top.child("c")
    with pytest.raises(DatasetError, match="expected a list"):
        top.texts()


@pytest.mark.parametrize("value", [True, -1, 1.5, "one", None])
def test_a_number_is_whole_and_not_negative(value: object) -> None:
    with pytest.raises(DatasetError, match="whole number"):
        Node(file=Path("x.json"), field="n", value=value).number()
    assert Node(file=Path("x.json"), field="n", value="12").number() == 12
