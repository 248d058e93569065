"""A backup holds everything that cannot be made again, and is restored whole or not at all."""

import hashlib
import io
import json
import sqlite3
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes import WordEncoder, png

from omnipersona.memory.backup import back_up, restore
from omnipersona.memory.errors import DataFolderBusy, StorageFailed
from omnipersona.memory.memory import Memory


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
    memory.close()
    with sqlite3.connect(folder / "history.sqlite3") as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("CREATE TABLE said (words TEXT)")
        other.execute("INSERT INTO said VALUES ('hello')")
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
    assert back_up(folder, file) == restore(file, again)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert _known(again) == _known(folder) == ("bo", "a ball", png())
    with sqlite3.connect(again / "history.sqlite3") as other:
        assert other.execute("SELECT words FROM said").fetchall() == [("hello",)]
    assert (again / "logins.json").exists()
    assert (again / "keys.json").exists()
    assert not (again / "page.secret").exists(), "a new secret logs everybody out"


def test_a_running_assistant_is_not_backed_up(folder: Path, tmp_path: Path) -> None:
    memory = Memory.open(folder, WordEncoder())
    with pytest.raises(DataFolderBusy):
        back_up(folder, tmp_path / "all.zip")
    memory.close()
    assert not (tmp_path / "all.zip").exists()


def test_an_empty_folder_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match="nothing to back up"):
        back_up(tmp_path / "nowhere", tmp_path / "all.zip")


def test_a_memory_is_never_written_over(folder: Path, tmp_path: Path) -> None:
    back_up(folder, tmp_path / "all.zip")
    with pytest.raises(StorageFailed, match="holds a memory already"):
        restore(tmp_path / "all.zip", folder)
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
    back_up(folder, file)
    parts = _parts(file)
    CHANGES[change](parts)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    file.write_bytes(out.getvalue())
    with pytest.raises(StorageFailed, match="cannot be restored"):
        restore(file, again)
    assert not again.exists()
    assert not (tmp_path.parent / "evil").exists()


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    for data in (b"", b"no archive"):
        (tmp_path / "bad.zip").write_bytes(data)
        with pytest.raises(StorageFailed):
            restore(tmp_path / "bad.zip", tmp_path / "again")
