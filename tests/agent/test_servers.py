"""A session on PostgreSQL and S3: one walk through it, and what happens when servers fail."""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from fakes import LastingModel, WordEncoder, png
from ports import free_port
from servers import PASSWORD, Postgres, TestPlaces, postgres
from talk import Talk

from omnipersona.agent.assistant import Assistant
from omnipersona.agent.events import Failed
from omnipersona.agent.settings import Settings, load_settings, sources
from omnipersona.agent.stores import look
from omnipersona.store.errors import DataFolderBusy, StorageFailed, StoreError
from omnipersona.testing import ScriptedModel

TOY = "a quokkaball"
SCRIPT = {
    "message: this is my dog <c0>": "teach; attached; <c0>; none",
    "Facts\nmessage: this is my dog <c0>": f"<c0> kind: dog; <c0> toy: {TOY}",
    "message: draw": "generate; none; <c0>; what is the toy of <c0>?",
    "message: what is his toy": "understand; none; <c0>; what is the toy of <c0>?",
    "Recall\nevidence:\n- the toy of <c0>": TOY,
    "Rewrite draw": f"<c0> with {TOY}",
    "message: hello": "converse; none; none; none",
    "Chat": "Hi!",
}


async def open_on(places: TestPlaces, model: ScriptedModel) -> Assistant:
    settings = Settings(data=places.folder, **places.urls)
    return await Assistant.open(settings, model=model, encoder=WordEncoder())


@pytest.fixture
def model() -> ScriptedModel:
    return LastingModel(completions=SCRIPT)


async def test_a_session_on_servers_from_teaching_to_forgetting(
    on_servers: TestPlaces, model: ScriptedModel
) -> None:
    session = await open_on(on_servers, model)
    ana, eve = Talk(session), Talk(session, "eve", "t1")
    await ana.teach("zebulon", extra=f", his toy is {TOY}")
    await eve.teach("zebulon", extra=f", his toy is {TOY}")
    drawn = await ana.reply("draw <zebulon> with his toy")
    assert drawn.details["evidence"][0]["answer"] == TOY
    await session.close()

    again = await open_on(on_servers, model)
    ana, eve = Talk(again), Talk(again, "eve", "t1")
    assert await again.picture("ana", drawn.pictures[0].id) == drawn.pictures[0].png
    assert (await again.concept_card("ana", "zebulon")).has_tokens
    assert len((await ana.reply("draw <zebulon> again")).pictures) == 1
    in_folder = {path.name for path in on_servers.folder.iterdir()}
    assert in_folder == {"owner.lock", "forgotten", "reserve"}

    await again.forget_concept("ana", "zebulon", drawings=True)
    assert await again.concepts("ana") == ()
    assert len(await again.concepts("eve")) == 1
    assert len((await eve.reply("draw <zebulon>")).pictures) == 1
    await again.forget_concept("eve", "zebulon", drawings=True)
    await again.close()
    assert on_servers.holds("zebulon") == on_servers.holds("quokkaball") == []
    assert on_servers.files() == []


async def test_a_database_has_one_owner(
    on_servers: TestPlaces, model: ScriptedModel, tmp_path: Path
) -> None:
    session = await open_on(on_servers, model)
    elsewhere = TestPlaces(tmp_path / "elsewhere", on_servers.database)
    with pytest.raises(DataFolderBusy, match="in use by another running OmniPersona"):
        await open_on(elsewhere, model)
    await session.close()
    await (await open_on(elsewhere, model)).close()


async def test_connections_that_were_cut_while_idle_are_made_again_unnoticed(
    on_servers: TestPlaces, model: ScriptedModel, postgres_server: Postgres
) -> None:
    session = await open_on(on_servers, model)
    talk = Talk(session)
    await talk.teach("bo")
    for _ in range(2):
        postgres_server.cut()
        assert (await talk.reply("hello", png())).text == "Hi!"
        assert len((await talk.reply("draw <bo>")).pictures) == 1
    with pytest.raises(DataFolderBusy):
        await open_on(TestPlaces(on_servers.folder / "2", on_servers.database), model)
    await session.close()


@pytest.fixture
def own_server() -> Iterator[Postgres]:
    """Return a server that may be stopped."""
    with postgres() as server:
        yield server


async def test_a_server_that_is_gone_for_a_while_is_told_and_come_back_to(
    own_server: Postgres,
    tmp_path: Path,
    model: ScriptedModel,
    caplog: pytest.LogCaptureFixture,
) -> None:
    places = TestPlaces(tmp_path / "data", own_server.url)
    caplog.set_level(logging.DEBUG)
    session = await open_on(places, model)
    talk = Talk(session)
    await talk.teach("bo")
    own_server.stop()
    for text in ("draw <bo>", "hello"):
        last = await talk.say(text)
        assert isinstance(last, Failed)
        assert f"127.0.0.1:{own_server.port}" in last.text
        assert PASSWORD not in last.text
    own_server.start()
    assert (await talk.reply("hello")).text == "Hi!"
    assert len((await talk.reply("draw <bo>")).pictures) == 1
    await session.close()
    assert PASSWORD not in caplog.text


NOWHERE = f"postgresql://ana:{PASSWORD}@127.0.0.1:1/omni"
ADDRESSES = {
    NOWHERE: "The database omni on 127.0.0.1:1 cannot be reached",
    f"mysql://ana:{PASSWORD}@127.0.0.1:1/omni": "must begin with postgresql://",
    f"postgresql://ana:{PASSWORD}@127.0.0.1:1/omni?nonsense=1": "is no address",
    f"ana:{PASSWORD}": "must begin with postgresql://",
}


@pytest.mark.parametrize("url", ADDRESSES)
async def test_a_database_that_cannot_be_opened_is_a_sentence_without_the_password(
    tmp_path: Path, model: ScriptedModel, url: str
) -> None:
    places = TestPlaces(tmp_path / "data", url)
    for _ in range(2):
        with pytest.raises(StorageFailed, match=ADDRESSES[url]) as caught:
            await open_on(places, model)
        assert PASSWORD not in str(caught.value)
        assert caught.value.__suppress_context__ or PASSWORD not in str(caught.value.__cause__)


async def test_a_wrong_password_is_a_sentence_without_it(
    on_servers: TestPlaces, model: ScriptedModel
) -> None:
    url = on_servers.database.replace(PASSWORD, "quite-wrong")
    with pytest.raises(StorageFailed, match="password authentication failed") as caught:
        await open_on(TestPlaces(on_servers.folder, url), model)
    assert "quite-wrong" not in str(caught.value)


async def test_a_user_who_may_not_make_tables_is_a_sentence(
    on_servers: TestPlaces, model: ScriptedModel
) -> None:
    with psycopg.connect(on_servers.database, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS guest")
        connection.execute("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    url = on_servers.database.replace(f"postgres:{PASSWORD}", "guest:guest")
    with pytest.raises(StorageFailed, match="permission denied"):
        await open_on(TestPlaces(on_servers.folder, url), model)


async def test_a_missing_bucket_is_a_sentence(on_servers: TestPlaces, model: ScriptedModel) -> None:
    places = TestPlaces(on_servers.folder, blobs="s3://nowhere/kept")
    for _ in range(2):
        with pytest.raises(StoreError, match="there is no such bucket"):
            await open_on(places, model)


@pytest.mark.parametrize(
    ("package", "module", "setting"),
    [
        ("psycopg", "omnipersona.store.postgres", "database"),
        ("obstore", "omnipersona.store.objects", "blobs"),
    ],
)
async def test_a_missing_package_is_named_with_the_command_that_installs_it(
    tmp_path: Path,
    model: ScriptedModel,
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    module: str,
    setting: str,
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, module, raising=False)
    only_blobs = TestPlaces(tmp_path, blobs="s3://bucket/kept")
    places = TestPlaces(tmp_path, NOWHERE) if setting == "database" else only_blobs
    with pytest.raises(StorageFailed, match=rf"{setting.upper()} .*omnipersona\[stores\]'"):
        await open_on(places, model)


def test_looking_says_what_is_used_and_whether_it_answers(on_servers: TestPlaces) -> None:
    in_folder = list(look(Settings(data=on_servers.folder)))
    assert [ok for _, ok, _ in in_folder] == [True, True, True]
    assert "SQLite" in in_folder[0][2]
    records, files = look(Settings(data=on_servers.folder, **on_servers.urls))
    assert (records[1], files[1]) == (True, True)
    assert "PostgreSQL 18" in records[2]
    assert "pgvector 0.8" in records[2]
    assert files[2] == f"{on_servers.blobs} answers"
    down = f"postgresql://ana:{PASSWORD}@127.0.0.1:{free_port()}/omni"
    for _, ok, text in look(Settings(data=on_servers.folder, database=down, blobs="s3://no/x")):
        assert not ok
        assert PASSWORD not in text
    assert not on_servers.folder.exists()


def test_the_password_is_not_shown_among_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIPERSONA_DATABASE", NOWHERE)
    [(_, shown, source)] = [row for row in sources() if row[0] == "database"]
    assert (shown, source) == ("postgresql://ana:***@127.0.0.1:1/omni", "environment")
    assert PASSWORD not in repr(load_settings())
