"""Memories of version 0.1, of both kinds, are brought into the one store; nothing is lost.

`first_edition/` holds a data folder and a PostgreSQL database that version 0.1 made: two people
taught a dog each on the page, one had it drawn and edited, corrected a fact, and left a question
open.
"""

import io
import sqlite3
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import psycopg
import pytest
import sqlalchemy as sa
from fakes import WordEncoder
from PIL import Image
from servers import Postgres, TestPlaces, files_with, psql

from omnipersona.memory.memory import Memory
from omnipersona.store.errors import StorageFailed
from omnipersona.store.first_edition import COPY
from omnipersona.store.schema import METADATA
from omnipersona.store.stores import Places

KEPT: Final = Path(__file__).parent / "first_edition"


@pytest.fixture(params=["folder", "server"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TestPlaces]:
    """Return where a memory of 0.1 lies."""
    folder = tmp_path / "data"
    if request.param == "folder":
        with zipfile.ZipFile(KEPT / "folder.zip") as kept:
            kept.extractall(folder)
        yield TestPlaces(folder)
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    with zipfile.ZipFile(KEPT / "server.zip") as kept:
        kept.extractall(tmp_path)
    psql(server, tmp_path / "server.sql")
    yield TestPlaces(folder, server.url)
    server.empty()


@pytest.fixture
def memory(old: TestPlaces) -> Iterator[Memory]:
    opened = Memory.open(old.folder, WordEncoder(), **old.urls)
    yield opened
    opened.close()


def test_concepts_facts_and_pictures_are_there(memory: Memory) -> None:
    bo, darcy = memory.concepts.list("ana")
    assert (bo.name, bo.kind, bo.state, darcy.name, darcy.kind) == (
        *("bo", "dog", "ready"),
        *("D'Arcy", "cat"),
    )
    facts = memory.facts.of_concept("ana", bo.id, history=True)
    said = [(fact.attribute, fact.value, fact.retired_at is None) for fact in facts]
    assert said == [
        ("toy", "a red ball", True),
        ("food", "rice", False),
        ("food", "carrots", True),
        ("friend", "D'Arcy", True),
    ]
    assert facts[2].replaces == facts[1].id
    assert [fact.value for fact in memory.facts.of_user("ana")] == ["a boat in the harbour"]
    assert memory.concepts.read_tokens("ana", bo.id)
    assert len(memory.concepts.photos("ana", bo.id)) == 2
    [drawn, edited] = memory.pictures.showing("ana", bo.id)
    assert edited.parent_id == drawn.id
    assert memory.pictures.family("ana", edited.id) == (drawn, edited)
    assert drawn.details["rewritten"] == "<bo> with a red ball"
    for picture in memory.pictures.list("ana"):
        with Image.open(io.BytesIO(memory.pictures.read("ana", picture.id))) as opened:
            assert opened.size == (picture.width, picture.height)
    hits = memory.recall("ana", "what is the food of bo?", [bo.id])
    assert hits[0].fact.value == "carrots"
    assert [one.name for one in memory.concepts.list("eve")] == ["bo"]


def test_conversations_are_there_in_order_and_show_their_pictures_once(memory: Memory) -> None:
    found, has_more = memory.conversations.list("ana", first=10)
    assert [thread.name[:5] for thread in found] == ["hello", "This "]
    assert not has_more
    steps = memory.conversations.steps("ana", found[1].id)
    said = [step["output"] for step in steps if step["type"] == "user_message"]
    assert said == [
        "This is my dog <bo>, his toy is a red ball.",
        "draw <bo> with his toy",
        "give <bo> a hat",
    ]
    elements = memory.conversations.elements("ana", found[1].id)
    assert len(elements) == 4
    shown = {one["pictureId"] for one in elements}
    bo = memory.concepts.find("ana", "bo")
    known = (*memory.concepts.photos("ana", bo.id), *memory.pictures.showing("ana", bo.id))
    assert shown == {picture.id for picture in known}, "page and memory share each file"
    assert memory.conversations.question("ana", found[0].id) is None, "it is asked again"


def test_opening_again_changes_nothing(old: TestPlaces, memory: Memory) -> None:
    before = (memory.concepts.list("ana"), memory.pictures.list("ana"), len(old.files()))
    memory.close()
    again = Memory.open(old.folder, WordEncoder(), **old.urls)
    assert (again.concepts.list("ana"), again.pictures.list("ana"), len(old.files())) == before
    assert again.upkeep.sweep() == (0, 0)
    again.close()


def test_what_was_is_kept_as_a_copy_until_something_is_forgotten(
    old: TestPlaces, memory: Memory
) -> None:
    assert (old.folder / COPY).is_dir()
    if not old.database:
        assert {path.name for path in (old.folder / COPY).iterdir()} == {
            *("memory.sqlite3", "history.sqlite3", "conversations.sqlite3")
        }
        assert files_with(old.folder / COPY, "red ball")
    bo = memory.concepts.find("ana", "bo")
    memory.forget_concept("ana", bo.id, delete_drawings=True)
    assert not (old.folder / COPY).exists()
    eves = memory.concepts.find("eve", "bo")
    memory.forget_concept("eve", eves.id, delete_drawings=True)
    memory.upkeep.run()
    assert old.holds("red ball") == []
    assert old.holds("<bo>") == []
    assert [one.name for one in memory.concepts.list("ana")] == ["D'Arcy"]


def test_a_cut_migration_is_made_again(old: TestPlaces, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as cut:
        cut.setattr(
            "omnipersona.store.first_edition.drop_or_copy",
            lambda _: (_ for _ in ()).throw(OSError("the plug was pulled")),
        )
        with pytest.raises(OSError, match="plug"):
            Memory.open(old.folder, WordEncoder(), **old.urls)
    memory = Memory.open(old.folder, WordEncoder(), **old.urls)
    assert len(memory.concepts.list("ana")) == 2
    assert len(memory.conversations.list("ana", first=10)[0]) == 2
    memory.close()


@pytest.mark.both_stores
def test_a_memory_from_the_future_is_refused_with_a_sentence(places: TestPlaces) -> None:
    Memory.open(places.folder, WordEncoder(), **places.urls).close()
    database, _ = Places(folder=places.folder, database=places.database).open()
    with database.of_all() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(StorageFailed, match=r"newer version \(step 9999\).*Update OmniPersona"):
        Memory.open(places.folder, WordEncoder(), **places.urls)


@pytest.mark.both_stores
def test_the_steps_lead_to_the_tables_that_the_program_uses(places: TestPlaces) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    Memory.open(places.folder, WordEncoder(), **places.urls).close()
    database, _ = Places(folder=places.folder, database=places.database).open()
    with database.of_all() as connection, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Did not recognize type 'vector'")
        context = MigrationContext.configure(connection, opts={"include_object": _is_ours})
        assert compare_metadata(context, METADATA) == []
    database.close()


def _is_ours(item: sa.schema.SchemaItem, name: str | None, kind: str, *_: object) -> bool:
    """Leave out the search index that an encoder's vectors get when they are first searched."""
    return not (kind == "index" and name is not None and name.endswith("_16"))


def test_the_newest_file_is_the_head() -> None:
    from omnipersona.store import migrate

    files = (Path(migrate.__file__).parent / "migrations" / "versions").glob("0*.py")
    assert max(path.name[:4] for path in files) == migrate.HEAD


def test_a_lesson_that_was_cut_off_waits_to_go_on(old: TestPlaces) -> None:
    cut = "UPDATE concepts SET state = 'learning'"
    if old.database:
        with psycopg.connect(old.database, autocommit=True) as connection:
            connection.execute(cut.replace("concepts", "omnipersona.concepts"))
            connection.execute("DELETE FROM omnipersona.concept_photos WHERE user_id = 'eve'")
    else:
        with closing(sqlite3.connect(old.folder / "memory.sqlite3")) as records:
            records.execute(cut)
            records.execute("DELETE FROM concept_photos WHERE user_id = 'eve'")
            records.commit()
    memory = Memory.open(old.folder, WordEncoder(), **old.urls)
    lessons = [(job.user_id, job.concept_id) for job in memory.jobs.take_back()]
    assert lessons == [("ana", one.id) for one in memory.concepts.list("ana")]
    [bo] = memory.concepts.list("eve")
    assert bo.state == "new", "without photos there is nothing to learn from"
    memory.close()
