"""Stores that fail: a full disk, a damaged file, a bucket that does not answer."""

import asyncio
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from fakes import LastingModel, WordEncoder, png
from servers import BUCKET, s3
from talk import Talk

from omnipersona.agent.assistant import Assistant
from omnipersona.agent.events import Failed
from omnipersona.agent.settings import Settings
from omnipersona.agent.sqlite_checkpoints import CHECKPOINTS_FILE
from omnipersona.agent.stores import look
from omnipersona.store.errors import StorageFailed
from omnipersona.store.stores import DATABASE_FILE

ME = "ana"
SCRIPT = {"message: hello": "converse; none; none; none", "Chat": "Hi!"}


async def opened(folder: Path) -> Assistant:
    model = LastingModel(completions=SCRIPT)
    return await Assistant.open(Settings(data=folder), model=model, encoder=WordEncoder())


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """Return a data folder in which somebody was talked to and told something."""
    session = await opened(tmp_path / "data")
    talk = Talk(session)
    await talk.reply("hello")
    await session.state_fact(ME, "", "home", "a lighthouse")
    await session.keep_picture(ME, png())
    await session.close()
    return tmp_path / "data"


@pytest.mark.parametrize("name", [CHECKPOINTS_FILE, DATABASE_FILE])
@pytest.mark.parametrize("damage", ["torn", "nonsense"])
async def test_a_damaged_file_ends_in_a_sentence_and_nothing_else_is_touched(
    folder: Path, name: str, damage: str
) -> None:
    path = folder / name
    whole = path.read_bytes()
    path.write_bytes(whole[:1500] + b"\0" * 9000 if damage == "torn" else b"nonsense" * 2000)
    before = {one: one.read_bytes() for one in folder.rglob("*") if one.is_file()}
    with pytest.raises(StorageFailed, match=name):
        await opened(folder)
    told = {kind: (ok, text) for kind, ok, text in look(Settings(data=folder))}
    assert [ok for ok, _ in told.values()].count(False) >= 1, told
    after = {one: one.read_bytes() for one in folder.rglob("*") if one.is_file()}
    assert {one: after.get(one) for one in before if one.suffix != ".lock"} == {
        one: data for one, data in before.items() if one.suffix != ".lock"
    }
    # What is not damaged is used again as soon as the damaged file is put back.
    path.write_bytes(whole)
    session = await opened(folder)
    [fact] = session._deps.memory.facts.list(ME)
    assert fact.value == "a lighthouse"
    await session.close()


async def test_without_its_states_a_conversation_goes_on(folder: Path) -> None:
    (folder / CHECKPOINTS_FILE).unlink()
    session = await opened(folder)
    assert (await Talk(session).reply("hello")).text == "Hi!"
    await session.close()


FULL = """
import asyncio, os, sys, traceback
from pathlib import Path
from fakes import LastingModel, WordEncoder, png
from talk import Talk
from omnipersona.agent.events import Failed
from omnipersona.agent.assistant import Assistant
from omnipersona.agent.settings import Settings
from omnipersona.store.errors import StoreError
from omnipersona.store.reserve import RESERVE_FILE

folder = Path(sys.argv[1])
script = {"message: hello": "converse; none; none; none", "Chat": "Hi!"}


def fill():
    with (folder.parent / "filler").open("ab", buffering=0) as file:
        try:
            while True:
                file.write(os.urandom(4096))
        except OSError:
            pass


def tell(memory, count):
    bo = memory.concepts.add("ana", f"bo {count}")
    for i in range(count):
        memory.facts.add(
            "ana", concept_id=bo.id, attribute=f"toy {i}", value=f"ball {i} " * 20,
            source="said", origin="m",
        )
    memory.concepts.attach_photo("ana", bo.id, memory.pictures.add("ana", png(), origin="drawn").id)
    return bo


async def main():
    model = LastingModel(completions=script)
    session = await Assistant.open(Settings(data=folder), model=model, encoder=WordEncoder())
    memory = session._deps.memory
    talk = Talk(session)
    await talk.reply("hello")
    bo = tell(memory, 300)
    memory.upkeep.run()
    assert (folder / RESERVE_FILE).exists()
    fill()
    last = await talk.say("hello", png("blue", (300, 300)))
    assert isinstance(last, Failed), last
    print("told:", last.text)
    try:
        for i in range(10_000):
            memory.facts.add(
                "ana", concept_id=None, attribute=f"a{i}", value="x" * 150, source="said",
                origin="m",
            )
        raise SystemExit("the disk was not full")
    except StoreError as error:
        print("told:", error)
    fill()
    receipt = memory.forget_concept("ana", bo.id, delete_drawings=True)
    assert (receipt.concepts, receipt.facts) == (1, 300), receipt
    await session.delete_thread("ana", "t1")
    await session.forget_user("ana")
    assert memory.concepts.list("ana") == memory.facts.list("ana") == ()
    (folder.parent / "filler").unlink()
    memory.upkeep.run()
    assert (folder / RESERVE_FILE).exists()
    assert (await talk.reply("hello")).text == "Hi!"
    await session.close()
    print("forgotten on a full disk")


try:
    asyncio.run(main())
except BaseException:
    traceback.print_exc()
    # Threads of a session that was not closed would keep the program from ending.
    os._exit(1)
"""


async def test_a_bucket_that_does_not_answer_stops_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omnipersona.store.objects._MAX_WAIT", timedelta(seconds=3))
    with s3() as (_, variables, process):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        settings = Settings(data=tmp_path / "data", blobs=f"s3://{BUCKET}/kept")
        model = LastingModel(completions=SCRIPT)
        session = await Assistant.open(settings, model=model, encoder=WordEncoder())
        ana, eve = Talk(session), Talk(session, "eve", "t1")
        kept = await session.keep_picture(ME, png())
        process.send_signal(signal.SIGSTOP)
        waiting = asyncio.create_task(ana.say("hello", png("blue")))
        for _ in range(3):
            assert (await eve.reply("hello")).text == "Hi!"
            await session.state_fact("eve", "", "home", "a tower")
        assert not waiting.done(), "others were served while one waited"
        last = await waiting
        assert isinstance(last, Failed)
        assert BUCKET in last.text
        process.send_signal(signal.SIGCONT)
        assert await session.picture(ME, kept) == png()
        assert (await ana.reply("hello", png("blue"))).text == "Hi!"
        await session.close()


def test_forgetting_works_on_a_full_disk(tmp_path: Path) -> None:
    """A real one, of 16 MB, in a mount namespace of its own; nobody's disk is filled."""
    script = tmp_path / "full.py"
    script.write_text(FULL)
    disk = tmp_path / "disk"
    disk.mkdir()
    may = subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False)
    if may.returncode:
        pytest.skip("This machine does not let programs mount a small disk.")
    tests = Path(__file__).parents[1]
    words = f"mount -t tmpfs -o size=16m none {disk} && exec {sys.executable} {script} {disk}/data"
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", words],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={"PYTHONPATH": str(tests), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "forgotten on a full disk" in done.stdout
    for told in ("could not be saved", "disk is full"):
        assert told in done.stdout, done.stdout
