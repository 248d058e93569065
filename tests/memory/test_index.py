"""The index is a shadow: missing, stale or damaged, it is made again."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from servers import TestPlaces

from omnipersona.memory.chroma import ChromaIndex
from omnipersona.memory.encoder import Encoder
from omnipersona.memory.errors import StorageFailed
from omnipersona.memory.index import FactIndex
from omnipersona.memory.memory import Memory
from omnipersona.memory.opening import Places

ME = "anna"
QUESTION = "what is the toy?"
both_stores = pytest.mark.both_stores


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


def test_a_folder_that_held_a_forgotten_vector_is_made_again(
    tmp_path: Path, encoder: Encoder
) -> None:
    index = ChromaIndex(tmp_path, encoder)
    index.nearest(ME, {"a": "toy: a ball", "b": "home: the beach"}, "toy", [["a", "b"]], 5)
    (first,) = databases(tmp_path)
    index.nearest(ME, {"b": "home: the beach"}, "toy", [["b"]], 5)
    assert databases(tmp_path) != [first]
    index.close()


OpenIndex = Callable[[Encoder], FactIndex]


@pytest.fixture
def open_index(places: TestPlaces) -> Iterator[OpenIndex]:
    """Open the index of one memory, again and again."""
    places.folder.mkdir()
    where = Places(folder=places.folder, database=places.database)
    records = where.open_records()
    yield lambda encoder: where.open_index(records, encoder)
    records.close()


@both_stores
def test_a_vector_of_nothing_known_is_erased(open_index: OpenIndex, encoder: Encoder) -> None:
    index = open_index(encoder)
    sentences = {"a": "toy: a ball", "b": "home: the beach"}
    assert set(index.nearest(ME, sentences, "toy", [["a", "b"]], 5)[0]) == {"a", "b"}
    (found,) = index.nearest(ME, {"b": "home: the beach"}, "toy", [["b"]], 5)
    assert list(found) == ["b"]
    index.close()


@both_stores
def test_each_group_has_its_own_nearest(open_index: OpenIndex, encoder: Encoder) -> None:
    index = open_index(encoder)
    sentences = {"a": "toy: a ball", "b": "toy: a red ball", "c": "home: the beach"}
    groups = [["a", "b", "c"], ["c"], []]
    all_three, beach, none = index.nearest(ME, sentences, "toy: a ball", groups, 2)
    assert list(all_three) == ["a", "b"]
    assert all_three["a"] == pytest.approx(1.0, abs=1e-5)
    assert (list(beach), none) == (["c"], {})
    assert index.nearest("ben", {}, "toy: a ball", [[]], 2) == ({},)
    index.close()


@both_stores
def test_vectors_of_another_encoder_are_not_used(open_index: OpenIndex, encoder: Encoder) -> None:
    class Short:
        name = "short"

        def encode(self, sentences: list[str]) -> list[list[float]]:
            return [[1.0, 0.0] for _ in sentences]

    for one in (encoder, Short(), encoder):
        index = open_index(one)
        (found,) = index.nearest(ME, {"a": "toy: a ball"}, "toy: a ball", [["a"]], 5)
        assert found["a"] == pytest.approx(1.0, abs=1e-5)
        index.close()


TABLE_DAMAGES = (
    "DROP TABLE omnipersona.vectors",
    "ALTER TABLE omnipersona.vectors DROP COLUMN encoder",
    "DELETE FROM omnipersona.vectors WHERE random() < 0.5",
    "UPDATE omnipersona.vectors SET vector = '[1, 2]'",
)


@pytest.mark.parametrize("damage", TABLE_DAMAGES)
def test_a_damaged_table_is_made_again(
    on_servers: TestPlaces, encoder: Encoder, damage: str
) -> None:
    memory = Memory.open(on_servers.folder, encoder, **on_servers.urls)
    fill(memory)
    before = memory.recall(ME, QUESTION)
    assert len(before) == 5
    with psycopg.connect(on_servers.database, autocommit=True) as connection:
        connection.execute(damage)
    assert memory.recall(ME, QUESTION) == before
    memory.close()
    again = Memory.open(on_servers.folder, encoder, **on_servers.urls)
    assert again.recall(ME, QUESTION) == before
    assert on_servers.num_vectors() == 30
    again.close()


@pytest.mark.parametrize("damage", TABLE_DAMAGES)
def test_a_damaged_table_does_not_stop_forgetting(
    on_servers: TestPlaces, encoder: Encoder, damage: str
) -> None:
    memory = Memory.open(on_servers.folder, encoder, **on_servers.urls)
    fill(memory)
    memory.recall(ME, QUESTION)
    with psycopg.connect(on_servers.database, autocommit=True) as connection:
        connection.execute(damage)
    assert memory.forget_user(ME).facts == 30
    assert on_servers.num_vectors() == 0
    memory.close()


def test_a_server_without_vectors_is_a_sentence(on_servers: TestPlaces, encoder: Encoder) -> None:
    with psycopg.connect(on_servers.database, autocommit=True) as connection:
        connection.execute("DROP EXTENSION vector")
        connection.execute("DROP ROLE IF EXISTS plain")
        connection.execute("CREATE ROLE plain LOGIN PASSWORD 'plain'")
        connection.execute("CREATE SCHEMA omnipersona AUTHORIZATION plain")
        connection.execute("REVOKE CREATE ON DATABASE postgres FROM PUBLIC")
    try:
        url = re.sub("//.*@", "//plain:plain@", on_servers.database)
        with pytest.raises(StorageFailed, match="run CREATE EXTENSION vector"):
            Memory.open(on_servers.folder, encoder, database=url)
    finally:
        with psycopg.connect(on_servers.database, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION vector")
