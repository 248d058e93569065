"""A backup holds everything that cannot be made again, and is restored whole or not at all."""

import hashlib
import io
import json
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes import WordEncoder, png
from servers import TestPlaces, files_with

from omnipersona.memory.memory import Memory
from omnipersona.store.backup import back_up, restore
from omnipersona.store.errors import DataFolderBusy, StorageFailed
from omnipersona.store.stores import Places
from omnipersona.store.text import FORGOTTEN
from omnipersona.store.tombstones import TOMBSTONES_FILE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a data folder with a concept, a fact, a photo, another database and a login."""
    folder = tmp_path / "data"
    memory = Memory.open(folder, WordEncoder())
    bo = memory.concepts.add("ana", "bo", kind="dog")
    photo = memory.pictures.add("ana", png(), origin="uploaded")
    memory.concepts.attach_photo("ana", bo.id, photo.id)
    memory.facts.add(
        "ana", concept_id=bo.id, attribute="toy", value="a ball", source="said", origin="m1"
    )
    memory.recall("ana", "which toy?")
    memory.conversations.put_step("ana", "t1", {"id": "s1", "output": "hello"})
    memory.close()
    for name in ("logins.json", "keys.json"):
        (folder / name).write_text("{}")
    (folder / "page.secret").write_text("secret")
    return folder


def _known(folder: Path) -> tuple[str, str, bytes]:
    memory = Memory.open(folder, WordEncoder())
    try:
        bo = memory.concepts.find("ana", "bo")
        [fact] = memory.facts.of_concept("ana", bo.id)
        [photo] = memory.concepts.photos("ana", bo.id)
        return bo.name, fact.value, memory.pictures.read("ana", photo.id)
    finally:
        memory.close()


def test_what_was_backed_up_is_back(folder: Path, tmp_path: Path) -> None:
    file, again = tmp_path / "all.zip", tmp_path / "other" / "data"
    assert back_up(Places(folder=folder), file) == restore(file, Places(folder=again))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert _known(again) == _known(folder) == ("bo", "a ball", png())
    assert (again / "logins.json").exists()
    assert (again / "keys.json").exists()
    assert not (again / "page.secret").exists(), "a new secret logs everybody out"


def test_a_running_assistant_is_not_backed_up(folder: Path, tmp_path: Path) -> None:
    memory = Memory.open(folder, WordEncoder())
    with pytest.raises(DataFolderBusy):
        back_up(Places(folder=folder), tmp_path / "all.zip")
    memory.close()
    assert not (tmp_path / "all.zip").exists()


def test_an_empty_folder_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match="nothing to back up"):
        back_up(Places(folder=tmp_path / "nowhere"), tmp_path / "all.zip")


def test_a_memory_is_never_written_over(folder: Path, tmp_path: Path) -> None:
    back_up(Places(folder=folder), tmp_path / "all.zip")
    with pytest.raises(StorageFailed, match="holds a memory already"):
        restore(tmp_path / "all.zip", Places(folder=folder))
    assert _known(folder)[0] == "bo"


def _parts(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _upwards(parts: dict[str, bytes]) -> None:
    name = "blobs/../../evil"
    manifest = json.loads(parts["backup.json"])
    manifest["sha256"][name] = hashlib.sha256(b"").hexdigest()
    parts |= {name: b"", "backup.json": json.dumps(manifest).encode()}


CHANGES: dict[str, Callable[[dict[str, bytes]], object]] = {
    "a changed file": lambda parts: parts.update({"logins.json": b"{ }"}),
    "a missing file": lambda parts: parts.pop("logins.json"),
    "a file too many": lambda parts: parts.update({"other.sqlite3": b""}),
    "a path upwards": _upwards,
    "no manifest": lambda parts: parts.pop("backup.json"),
    "another format": lambda parts: parts.update({"backup.json": b'{"format": 9}'}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_damaged_backup_restores_nothing(folder: Path, tmp_path: Path, change: str) -> None:
    file, again = tmp_path / "all.zip", tmp_path / "again"
    back_up(Places(folder=folder), file)
    parts = _parts(file)
    CHANGES[change](parts)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    file.write_bytes(out.getvalue())
    with pytest.raises(StorageFailed, match="cannot be restored"):
        restore(file, Places(folder=again))
    assert not again.exists()
    assert not (tmp_path.parent / "evil").exists()


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    for data in (b"", b"no archive"):
        (tmp_path / "bad.zip").write_bytes(data)
        with pytest.raises(StorageFailed):
            restore(tmp_path / "bad.zip", Places(folder=tmp_path / "again"))


def _others(places: Places, encoder: WordEncoder) -> tuple[object, ...]:
    """Return what two users have, wherever it lies."""
    memory = Memory.open(places.folder, encoder, database=places.database, blobs=places.blobs)
    try:
        bo = memory.concepts.find("ana", "bo")
        [photo] = memory.concepts.photos("ana", bo.id)
        return (
            memory.concepts.list("ana"),
            memory.facts.list("ana", history=True),
            memory.recall("ana", "which toy?"),
            memory.pictures.read("ana", photo.id),
            memory.conversations.steps("ana", "t1"),
        )
    finally:
        memory.close()


def test_a_backup_of_one_kind_of_store_restores_into_the_other(
    folder: Path, tmp_path: Path, on_servers: TestPlaces
) -> None:
    file, back = tmp_path / "all.zip", tmp_path / "back.zip"
    here = Places(folder=folder)
    there = Places(folder=on_servers.folder, database=on_servers.database, blobs=on_servers.blobs)
    again = Places(folder=tmp_path / "again")
    back_up(here, file)
    restore(file, there)
    assert _others(there, WordEncoder()) == _others(here, WordEncoder())
    memory = Memory.open(there.folder, WordEncoder(), **on_servers.urls)
    new = memory.facts.add(
        "ana", concept_id=None, attribute="home", value="a boat", source="said", origin="m2"
    )
    assert memory.facts.list("ana")[-1] == new, "new rows are numbered after the old ones"
    memory.close()
    back_up(there, back)
    restore(back, again)
    assert _others(again, WordEncoder()) == _others(there, WordEncoder())
    with pytest.raises(StorageFailed, match="holds a memory already"):
        restore(file, there)


def test_what_was_forgotten_since_does_not_come_back(folder: Path, tmp_path: Path) -> None:
    file, here = tmp_path / "all.zip", Places(folder=folder)
    back_up(here, file)
    memory = Memory.open(folder, WordEncoder())
    bo = memory.concepts.find("ana", "bo")
    mia = memory.concepts.add("ana", "mia")
    memory.forget_concept("ana", bo.id, delete_drawings=True)
    memory.close()
    for name in ("memory.sqlite3", "memory.sqlite3-wal", "memory.sqlite3-shm"):
        (folder / name).unlink(missing_ok=True)
    restore(file, here)
    again = Memory.open(folder, WordEncoder())
    assert again.concepts.list("ana") == ()
    assert again.facts.list("ana", history=True) == ()
    assert again.pictures.list("ana") == ()
    again.upkeep.run()
    assert not [path for path in (folder / "blobs").rglob("*") if path.is_file()]
    assert mia.id not in [one.id for one in again.concepts.list("ana")], "it is newer than this"
    again.close()


def test_an_older_database_in_its_place_brings_nothing_back(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "memory.sqlite3", tmp_path / "older.sqlite3")
    memory = Memory.open(folder, WordEncoder())
    memory.forget_concept("ana", memory.concepts.find("ana", "bo").id, delete_drawings=True)
    kept = memory.facts.add(
        "ana", concept_id=None, attribute="home", value="a boat", source="said", origin="m2"
    )
    memory.close()
    shutil.copy(tmp_path / "older.sqlite3", folder / "memory.sqlite3")
    again = Memory.open(folder, WordEncoder())
    assert again.concepts.list("ana") == ()
    assert kept.id not in [fact.id for fact in again.facts.list("ana")]
    again.close()


def test_a_user_who_comes_again_is_not_forgotten_again(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "all.zip"
    memory = Memory.open(folder, WordEncoder())
    memory.forget_user("ana")
    memory.concepts.add("ana", "rex")
    memory.close()
    back_up(Places(folder=folder), file)
    restore(file, Places(folder=tmp_path / "again"))
    again = Memory.open(tmp_path / "again", WordEncoder())
    assert [one.name for one in again.concepts.list("ana")] == ["rex"]
    again.close()


def test_what_was_said_of_the_forgotten_does_not_come_back_either(
    folder: Path, tmp_path: Path
) -> None:
    memory = Memory.open(folder, WordEncoder())
    mia, tao = (memory.concepts.add("ana", name) for name in ("zebulon", "tao"))
    talk = memory.conversations
    turn = talk.begin_turn("ana", "t9")
    step = {"id": "s9", "type": "user_message", "output": "<zebulon> sleeps in a hammockbed"}
    talk.put_step("ana", "t9", step)
    fact = memory.facts.add(
        "ana",
        concept_id=tao.id,
        attribute="bed",
        value="a hammockbed",
        source="said",
        origin=turn,
    )
    talk.put_thread("ana", "t9", name="of zebulon")
    talk.end_turn("ana", turn)
    memory.close()
    shutil.copytree(folder, tmp_path / "older")

    memory = Memory.open(folder, WordEncoder())
    memory.forget_concept("ana", mia.id, delete_drawings=True)
    memory.forget_fact("ana", fact.id)
    memory.close()
    shutil.copy(folder / TOMBSTONES_FILE, tmp_path / "older" / TOMBSTONES_FILE)
    memory = Memory.open(tmp_path / "older", WordEncoder())
    [said] = memory.conversations.steps("ana", "t9")
    assert said["output"] == f"{FORGOTTEN} sleeps in {FORGOTTEN}"
    assert memory.conversations.thread("ana", "t9").name == f"of {FORGOTTEN}"
    assert [one.name for one in memory.concepts.list("ana") if one.name != "bo"] == ["tao"]
    memory.upkeep.run()
    memory.close()
    for word in ("zebulon", "hammockbed"):
        assert files_with(tmp_path / "older", word) == []


def test_records_without_their_tombstones_file_are_told(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    memory = Memory.open(folder, WordEncoder())
    mia = memory.concepts.add("ana", "mia")
    memory.forget_concept("ana", mia.id, delete_drawings=True)
    memory.close()
    (folder / TOMBSTONES_FILE).unlink()
    Memory.open(folder, WordEncoder()).close()
    assert "is missing: what was forgotten comes back" in caplog.text


def test_a_folder_that_was_opened_once_without_words_can_be_restored_into(
    folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "kept.zip"
    back_up(Places(folder=folder), file)
    Memory.open(tmp_path / "new", WordEncoder()).close()
    restore(file, Places(folder=tmp_path / "new"))
    assert _known(tmp_path / "new") == _known(folder)
    with pytest.raises(StorageFailed, match="holds a memory already"):
        restore(file, Places(folder=tmp_path / "new"))
