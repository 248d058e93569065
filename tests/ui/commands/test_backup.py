"""Backup on the command line: to and fro, and where records or files lie on servers."""

from pathlib import Path

import pytest
from fakes import WordEncoder
from servers import TestPlaces
from typer.testing import CliRunner

from omnipersona.memory.memory import Memory
from omnipersona.ui.cli import app


def _run(data: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["--data", str(data), *words])
    return done.exit_code, done.output


def test_a_folder_is_backed_up_and_restored_onto_servers(
    tmp_path: Path, on_servers: TestPlaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "everything.zip"
    memory = Memory.open(tmp_path / "data", WordEncoder())
    memory.concepts.add("ana", "bo", kind="dog")
    memory.close()
    code, told = _run(tmp_path / "data", "backup", str(file))
    assert (code, "is in" in told) == (0, True), told
    monkeypatch.setenv("OMNIPERSONA_DATABASE", on_servers.database)
    code, told = _run(on_servers.folder, "restore", str(file))
    assert (code, "is back" in told) == (0, True), told
    again = Memory.open(on_servers.folder, WordEncoder(), database=on_servers.database)
    assert [concept.name for concept in again.concepts.list("ana")] == ["bo"]
    again.close()


def test_a_server_that_does_not_answer_is_a_sentence_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNIPERSONA_DATABASE", "postgresql://ana:hidden@127.0.0.1:1/omni")
    code, told = _run(tmp_path / "data", "backup", str(tmp_path / "everything.zip"))
    assert code == 1
    assert "omni on 127.0.0.1:1 cannot be reached" in told
    assert "hidden" not in told
    assert list(tmp_path.glob("everything*")) == []


def test_a_missing_file_is_a_sentence_and_makes_nothing(tmp_path: Path) -> None:
    code, told = _run(tmp_path / "data", "restore", str(tmp_path / "nothing.zip"))
    assert code == 1
    assert "cannot be restored" in told
    assert not (tmp_path / "data").exists()
