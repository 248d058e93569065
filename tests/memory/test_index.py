"""The index is a shadow: missing, stale or damaged, it is made again."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from omnipersona.memory.encoder import Encoder
from omnipersona.memory.index import FactIndex
from omnipersona.memory.memory import Memory

ME = "anna"
QUESTION = "what is the toy?"


def fill(memory: Memory) -> None:
    for number in range(30):
        memory.facts.add(
            ME,
            concept_id=None,
            attribute="toy",
            value=f"quokkaball {number}",
            source="said",
            origin="m",
        )


def databases(folder: Path) -> list[Path]:
    return list(folder.rglob("chroma.sqlite3"))


def garbage(folder: Path) -> None:
    for path in databases(folder):
        path.write_bytes(b"garbage" * 9000)


def half(folder: Path) -> None:
    for path in databases(folder):
        path.write_bytes(path.read_bytes()[:8192] + b"\xff" * 50_000)


def empty(folder: Path) -> None:
    for path in databases(folder):
        path.write_bytes(b"")


def no_database(folder: Path) -> None:
    for path in databases(folder):
        path.unlink()


def no_vectors(folder: Path) -> None:
    for path in folder.rglob("*.bin"):
        path.unlink()


def a_file_instead(folder: Path) -> None:
    (user,) = folder.iterdir()
    shutil.rmtree(user)
    user.write_text("in the way")


def stray_folder(folder: Path) -> None:
    (user,) = folder.iterdir()
    (user / "stray").mkdir()


DAMAGES: tuple[Callable[[Path], None], ...] = (
    shutil.rmtree,
    garbage,
    half,
    empty,
    no_database,
    no_vectors,
    a_file_instead,
    stray_folder,
)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_index_is_made_again_at_the_next_start(
    memory: Memory, tmp_path: Path, encoder: Encoder, damage: Callable[[Path], None]
) -> None:
    fill(memory)
    before = memory.recall(ME, QUESTION)
    assert len(before) == 5
    memory.close()
    damage(tmp_path / "data" / "index")
    again = Memory.open(tmp_path / "data", encoder)
    assert again.recall(ME, QUESTION) == before
    again.close()


@pytest.mark.parametrize("damage", [shutil.rmtree, garbage])
def test_an_index_damaged_while_open_is_made_again(
    memory: Memory, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    fill(memory)
    before = memory.recall(ME, QUESTION)
    damage(tmp_path / "data" / "index")
    assert memory.recall(ME, QUESTION) == before
    assert memory.recall(ME, QUESTION) == before


def test_the_index_holds_no_text(memory: Memory, tmp_path: Path) -> None:
    fill(memory)
    memory.recall(ME, QUESTION)
    memory.close()
    files = [path for path in (tmp_path / "data" / "index").rglob("*") if path.is_file()]
    assert files
    assert not any(b"quokkaball" in path.read_bytes() for path in files)


def test_a_vector_of_nothing_known_is_erased(tmp_path: Path, encoder: Encoder) -> None:
    index = FactIndex(tmp_path, encoder)
    sentences = {"a": "toy: a ball", "b": "home: the beach"}
    index.nearest(ME, sentences, "toy", [["a", "b"]], 5)
    (first,) = databases(tmp_path)
    (found,) = index.nearest(ME, {"b": "home: the beach"}, "toy", [["b"]], 5)
    assert list(found) == ["b"]
    assert databases(tmp_path) != [first]
    index.close()


def test_vectors_of_another_encoder_are_not_used(tmp_path: Path, encoder: Encoder) -> None:
    class Short:
        name = "short"

        def encode(self, sentences: list[str]) -> list[list[float]]:
            return [[1.0, 0.0] for _ in sentences]

    for one in (encoder, Short(), encoder):
        index = FactIndex(tmp_path, one)
        (found,) = index.nearest(ME, {"a": "toy: a ball"}, "toy: a ball", [["a"]], 5)
        assert found["a"] == pytest.approx(1.0, abs=1e-5)
        index.close()
