"""The index is a shadow: missing, stale or damaged, it is made again."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from servers import TestPlaces

from omnipersona.memory import chroma
from omnipersona.memory.chroma import MAX_OPEN
from omnipersona.memory.encoder import Encoder
from omnipersona.memory.memory import Memory
from omnipersona.store.errors import StorageFailed

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


def test_a_folder_that_held_a_forgotten_vector_is_made_again_in_an_idle_moment(
    memory: Memory, tmp_path: Path
) -> None:
    fill(memory)
    [best, *_] = memory.recall(ME, QUESTION)
    (first,) = databases(tmp_path)
    memory.forget_fact(ME, best.fact.id)
    assert best.fact.id not in [one.fact.id for one in memory.recall(ME, QUESTION, limit=50)]
    assert memory.upkeep.renew_indexes() == 1
    assert memory.upkeep.renew_indexes() == 0
    (second,) = databases(tmp_path)
    assert first != second
    assert len(memory.recall(ME, QUESTION, limit=50)) == 29


def test_an_index_is_made_anew_without_the_encoder(
    memory: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder: Encoder
) -> None:
    fill(memory)
    before = memory.recall(ME, QUESTION)
    shutil.rmtree(tmp_path / "data" / "index")
    read, encode = list[str](), encoder.encode

    def note(sentences: list[str]) -> list[list[float]]:
        read.extend(sentences)
        return encode(sentences)

    monkeypatch.setattr(encoder, "encode", note)
    assert memory.recall(ME, QUESTION) == before
    assert read == [QUESTION]


@both_stores
def test_vectors_of_another_encoder_are_not_used(places: TestPlaces, encoder: Encoder) -> None:
    class Short:
        name = "short"

        def encode(self, sentences: list[str]) -> list[list[float]]:
            return [[1.0, 0.0] for _ in sentences]

    found = []
    for one in (encoder, Short(), encoder):
        memory = Memory.open(places.folder, one, **places.urls)
        if not memory.facts.list(ME):
            fill(memory)
        found.append(memory.recall(ME, QUESTION))
        memory.close()
    assert found[0] == found[2]
    assert [one.score for one in found[1]] == [1.0] * 5


def test_few_indexes_are_open_however_many_users_search(
    places: TestPlaces, encoder: Encoder
) -> None:
    memory = Memory.open(places.folder, encoder)

    def search(number: int) -> None:
        user_id = f"user {number}"
        if not memory.facts.list(user_id):
            memory.facts.add(
                user_id,
                concept_id=None,
                attribute="toy",
                value=f"ball of {number}",
                source="said",
                origin="m",
            )
        [best] = memory.recall(user_id, QUESTION)
        assert best.fact.value == f"ball of {number}"

    for number in range(MAX_OPEN):
        search(number)
    full = len(os.listdir("/proc/self/fd"))
    for number in (*range(MAX_OPEN, 2 * MAX_OPEN), 0, MAX_OPEN):
        search(number)
    assert len(os.listdir("/proc/self/fd")) <= full + 16
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


class PanicException(BaseException):  # noqa: N818  # as pyo3 names it
    """What a fault inside a library written in Rust looks like."""


def test_a_panic_of_the_index_is_its_own_fault_alone(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(memory)
    query, calls = chroma._query, list[int]()

    def panics_once(*values: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise PanicException("range start index 10 out of range")
        return query(*values)

    monkeypatch.setattr(chroma, "_query", panics_once)
    assert len(memory.recall(ME, QUESTION, limit=3)) == 3
    assert len(calls) == 2, "it was made anew and asked again"

    def panics(*_: object) -> Any:
        raise PanicException("range start index 10 out of range")

    with monkeypatch.context() as patch:
        patch.setattr(chroma, "_query", panics)
        with pytest.raises(StorageFailed, match="fails again"):
            memory.recall(ME, QUESTION, limit=3)
    assert len(memory.recall(ME, QUESTION, limit=3)) == 3
