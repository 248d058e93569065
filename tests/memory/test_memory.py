"""The memory as a whole: a killed process, lost files, a light import."""

import hashlib
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from fakes import taught
from servers import TestPlaces

from omnipersona.memory.encoder import Encoder
from omnipersona.memory.memory import Memory
from omnipersona.store.errors import StorageFailed
from omnipersona.store.stores import Places

ME = "anna"
WRITER = """
import sys
from pathlib import Path
from omnipersona.memory.memory import Memory
memory = Memory.open(Path(sys.argv[1]))
for number in range(100000):
    old = memory.facts.add(
        "anna", concept_id=None, attribute="toy", value=f"ball {number}", source="said", origin="m"
    )
    new = memory.facts.correct("anna", old.id, f"bone {number}", source="said", origin="m")
    print(new.id, flush=True)
"""


def test_killing_the_writer_loses_no_committed_fact(tmp_path: Path, encoder: Encoder) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        told = [writer.stdout.readline().strip() for _ in range(50)]
        writer.kill()
        told += writer.stdout.read().split()
    memory = Memory.open(tmp_path, encoder)
    facts = memory.facts.list(ME, history=True)
    ids = {fact.id for fact in facts}
    assert set(told) <= ids
    assert all(fact.replaces in ids for fact in facts if fact.value.startswith("bone"))
    retired = {fact.id for fact in facts if fact.retired_at is not None}
    assert retired == {fact.replaces for fact in facts if fact.replaces is not None}
    assert len(memory.recall(ME, "toy", limit=3)) == 3
    memory.close()


def test_files_that_a_crash_left_are_told_and_kept_for_days(
    memory: Memory, tmp_path: Path, encoder: Encoder
) -> None:
    bo = memory.concepts.add(ME, "Bo")
    taught(memory, ME, bo.id, b"tokens")
    memory.close()
    (folder,) = (tmp_path / "data" / "blobs").iterdir()
    (folder / ".part-x").write_bytes(b"half")
    (folder / ("0" * 64 + ".png")).write_bytes(b"lost")
    again = Memory.open(tmp_path / "data", encoder)
    assert len(list(folder.iterdir())) == 3, "nothing is deleted at opening"
    assert again.upkeep.sweep() == (2, 0)
    assert again.upkeep.sweep() == (2, 0)
    assert "2 that no record names" in Places(folder=tmp_path / "data").look_at_files()
    assert again.upkeep.sweep(timedelta(0)) == (0, 2)
    assert again.concepts.read_tokens(ME, bo.id) == b"tokens"
    assert len(list(folder.iterdir())) == 1
    again.close()


def test_tokens_that_cannot_be_saved_leave_the_old_in_use(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    bo = memory.concepts.add(ME, "Bo")
    taught(memory, ME, bo.id, b"first")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", full)
        with pytest.raises(StorageFailed, match="No space left"):
            taught(memory, ME, bo.id, b"second")
    assert memory.concepts.read_tokens(ME, bo.id) == b"first"


def test_a_database_leaves_the_memory_of_its_folder_alone(
    memory: Memory, on_servers: TestPlaces, encoder: Encoder, make_png: Callable[..., bytes]
) -> None:
    kept = memory.pictures.add(ME, make_png(), origin="uploaded")
    memory.close()
    for _ in range(2):
        other = Memory.open(on_servers.folder, encoder, database=on_servers.database)
        assert kept.id not in [picture.id for picture in other.pictures.list(ME)]
        mine = other.pictures.add(ME, make_png(colour="blue"), origin="uploaded")
        other.close()
        again = Memory.open(on_servers.folder, encoder)
        assert again.pictures.read(ME, kept.id) == make_png()
        again.close()
    other = Memory.open(on_servers.folder, encoder, database=on_servers.database)
    assert other.pictures.read(ME, mine.id) == make_png(colour="blue")
    assert len(other.pictures.list(ME)) == 2
    other.close()


def test_warming_up_prepares_the_encoder_and_keeps_nothing(tmp_path: Path) -> None:
    class Counting:
        name = "counting"
        calls = 0

        def encode(self, sentences: list[str]) -> list[list[float]]:
            self.calls += 1
            return [[1.0] for _ in sentences]

    counting = Counting()
    memory = Memory.open(tmp_path, counting)
    memory.warm_up()
    assert counting.calls == 1
    assert not (tmp_path / "index").exists()
    memory.close()


def test_opening_loads_nothing_slow(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from omnipersona.memory.memory import Memory\n"
        "Memory.open(Path(sys.argv[1])).close()\n"
        "slow = {'torch', 'chromadb', 'sentence_transformers'} & sys.modules.keys()\n"
        "sys.exit(', '.join(slow) or 0)"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr.strip()) == (0, "")


def test_a_forgotten_file_does_not_wait_in_quarantine(
    memory: Memory, tmp_path: Path, make_png: Callable[..., bytes]
) -> None:
    gone = memory.pictures.add(ME, make_png(colour="red"), origin="uploaded", thread_id="t1")
    (folder,) = (tmp_path / "data" / "blobs").iterdir()
    forgotten = folder / f"{gone.sha256}.png"
    data = forgotten.read_bytes()
    memory.forget_thread(ME, "t1")
    assert not forgotten.exists()
    # As if the program had been cut before it deleted the file, or an old copy had been put back.
    folder.mkdir(exist_ok=True)
    forgotten.write_bytes(data)
    (folder / ("0" * 64 + ".png")).write_bytes(b"lost")
    assert memory.upkeep.sweep() == (1, 1), "the lost one waits, the forgotten one does not"
    assert not forgotten.exists()


def test_a_file_in_quarantine_that_a_record_names_again_is_no_longer_lost(
    memory: Memory, tmp_path: Path, make_png: Callable[..., bytes]
) -> None:
    png = make_png(colour="red")
    kept = memory.pictures.add(ME, png, origin="uploaded")
    (folder,) = (tmp_path / "data" / "blobs").iterdir()
    other = make_png(colour="blue")
    (folder / f"{hashlib.sha256(other).hexdigest()}.png").write_bytes(other)
    assert memory.upkeep.sweep() == (1, 0)
    again = memory.pictures.add(ME, other, origin="uploaded")
    assert memory.upkeep.sweep(timedelta(0)) == (0, 0)
    assert memory.pictures.read(ME, again.id) == other
    assert memory.pictures.read(ME, kept.id) == png


def test_only_their_owner_may_read_the_files(memory: Memory, tmp_path: Path) -> None:
    memory.concepts.add(ME, "Bo")
    files = [one for one in (tmp_path / "data").glob("memory.sqlite3*") if one.is_file()]
    assert len(files) == 3, "the database and its logs"
    assert {stat.S_IMODE(one.stat().st_mode) for one in files} == {0o600}


def test_a_folder_that_lost_its_records_is_not_taken_for_a_new_one(
    memory: Memory, tmp_path: Path, encoder: Encoder, make_png: Callable[..., bytes]
) -> None:
    memory.pictures.add(ME, make_png(), origin="uploaded")
    memory.close()
    records = tmp_path / "data" / "memory.sqlite3"
    kept = records.read_bytes()
    for damage in (b"", None):
        records.write_bytes(b"") if damage is not None else records.unlink()
        with pytest.raises(StorageFailed, match="Put the file back from a copy"):
            Memory.open(tmp_path / "data", encoder)
    records.write_bytes(kept)
    again = Memory.open(tmp_path / "data", encoder)
    assert len(again.pictures.list(ME)) == 1
    again.close()


def test_nothing_is_left_of_somebody_who_was_forgotten(
    memory: Memory, tmp_path: Path, places: TestPlaces
) -> None:
    memory.facts.add(ME, concept_id=None, attribute="a", value="b", source="said", origin="t")
    turn = memory.conversations.begin_turn(ME, "t1")
    assert memory.recall(ME, "a")
    memory.forget_user(ME)
    memory.conversations.end_turn(ME, turn)
    memory.forget_user("nobody at all")
    memory.upkeep.run()
    memory.close()
    with closing(sqlite3.connect(tmp_path / "data" / "memory.sqlite3")) as records:
        assert records.execute("SELECT id FROM users").fetchall() == []
