"""What version 0.1 kept, brought into the one store.

It kept records in `memory.sqlite3`, the page's history in `history.sqlite3`, and the graph's states
in `conversations.sqlite3`; or all of these in two schemas of PostgreSQL. Words and pictures of the
history come along; states do not: a conversation goes on from what was said. The old tables and
files are put into a copy beside the new ones. Knows the shapes of 0.1, which never change again.
"""

import json
import shutil
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from omnipersona.store import schema
from omnipersona.store.database import Database, new_id, now
from omnipersona.store.errors import PictureRejected
from omnipersona.store.image_sanitizer import clean_picture
from omnipersona.store.names import name_key
from omnipersona.store.text import compare_key, fold

COPY: Final = "before-0.2"
"""Folder, or the end of a schema's name, of what 0.1 left."""

HISTORY_FILE: Final = "history.sqlite3"
STATES_FILE: Final = "conversations.sqlite3"

_HISTORY: Final = "omnipersona_history"
_RECORDS: Final = (
    *("concept_photos", "picture_concepts", "facts", "pictures", "concepts", "mentions"),
    *("users", "identity", "migrations"),
)
_OTHERS: Final = (
    *("vectors", "checkpoints", "checkpoint_blobs", "checkpoint_writes"),
    "checkpoint_migrations",
)

Row = Mapping[str, Any]
Keep = Callable[[str, bytes], str]
"""Keeps a user's PNG and returns its SHA-256."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture of the history, written anew: hash and sides in pixels."""

    sha256: str
    width: int
    height: int


def is_there(connection: Connection) -> bool:
    """Return whether a database holds tables of 0.1."""
    return sa.inspect(connection).has_table("migrations")


def shown_pictures(database: Database, folder: Path, keep: Keep) -> dict[str, Shown]:
    """Keep the pictures that only the history has; return them by their elements' ids.

    Drawings are there already, as their elements' names say. Files are written before any row is,
    and outside of any transaction.
    """
    with database.of_all() as connection, closing(_History(connection, folder)) as history:
        known = set(connection.exec_driver_sql("SELECT id FROM pictures").scalars())
        owners = {row["id"]: row["owner"] for row in history.rows(_THREADS)}
        wanted = [
            (row["id"], owners[row["thread_id"]])
            for row in history.rows("SELECT id, thread_id, data FROM elements")
            if row["thread_id"] in owners and _stem(row) not in known
        ]
    found = dict[str, Shown]()
    for element_id, owner in wanted:
        with database.of_all() as connection, closing(_History(connection, folder)) as history:
            # The id is one of the program's own, and 0.1 had no parameters of a common form.
            query = f"SELECT content FROM elements WHERE id = '{uuid.UUID(element_id)}'"
            [row] = history.rows(query)
        try:
            picture = clean_picture(bytes(row["content"]))
        except PictureRejected:
            # It was never more than a file that somebody sent; what was said of it stays.
            continue
        found[element_id] = Shown(keep(owner, picture.png), picture.width, picture.height)
    return found


def put_aside(connection: Connection) -> bool:
    """Give the names of tables of 0.1 to those that come; return whether there were any."""
    if not is_there(connection):
        return False
    for name in _RECORDS:
        connection.exec_driver_sql(f"ALTER TABLE {name} RENAME TO old_{name}")
    return True


def carry_over(connection: Connection, folder: Path, shown: Mapping[str, Shown]) -> None:
    """Fill the new tables from those that were put aside, and from the history."""
    _carry_records(connection)
    with closing(_History(connection, folder)) as history:
        _carry_history(connection, history, shown)


def drop_or_copy(connection: Connection) -> None:
    """Drop the old tables of SQLite, whose file was copied; PostgreSQL's go into a schema."""
    if connection.dialect.name == "sqlite":
        for name in _RECORDS:
            connection.exec_driver_sql(f"DROP TABLE old_{name}")
        return
    schema_of = connection.exec_driver_sql("SELECT current_schema()").scalar()
    copy = f'"{schema_of}-{COPY}"'
    connection.exec_driver_sql(f"CREATE SCHEMA {copy}")
    present = set(sa.inspect(connection).get_table_names())
    for name in (*(f"old_{name}" for name in _RECORDS), *_OTHERS):
        if name in present:
            connection.exec_driver_sql(f"ALTER TABLE {name} SET SCHEMA {copy}")
    if _HISTORY in sa.inspect(connection).get_schema_names():
        connection.exec_driver_sql(f'ALTER SCHEMA {_HISTORY} RENAME TO "{_HISTORY}-{COPY}"')


def copy_records(folder: Path, records: Path | None) -> None:
    """Copy the records' file before they are changed; what lies in its log comes along.

    Of PostgreSQL the old tables are the copy; the folder tells since when.
    """
    copy = folder / COPY
    copy.mkdir(mode=0o700, exist_ok=True)
    if records is None:
        return
    partial = copy / f"{records.name}.partial"
    with closing(sqlite3.connect(records)) as source, closing(sqlite3.connect(partial)) as target:
        source.backup(target)
    partial.chmod(0o600)
    partial.replace(copy / records.name)


def move_files(folder: Path) -> None:
    """Move the files of 0.1 that nothing reads any more to the copy; harmless if they are gone."""
    for name in (HISTORY_FILE, STATES_FILE):
        for path in folder.glob(f"{name}*"):
            (folder / COPY).mkdir(mode=0o700, exist_ok=True)
            path.replace(folder / COPY / path.name)
    # The index is made from the records.
    shutil.rmtree(folder / "index", ignore_errors=True)


def drop_copy(database: Database, folder: Path, before: datetime | None = None) -> bool:
    """Remove the copy of what 0.1 left; return whether there was one.

    Args:
        database: Records.
        folder: The data folder.
        before: Only if it is older than this; None removes it whatever its age.
    """
    copy = folder / COPY
    found = copy.is_dir() and _is_due(copy, before)
    if found:
        shutil.rmtree(copy)
    if not database.is_sqlite and (before is None or found):
        with database.of_all() as connection:
            schema_of = connection.exec_driver_sql("SELECT current_schema()").scalar()
            for name in (schema_of, _HISTORY):
                connection.exec_driver_sql(f'DROP SCHEMA IF EXISTS "{name}-{COPY}" CASCADE')
    return found


def _is_due(copy: Path, before: datetime | None) -> bool:
    return before is None or datetime.fromtimestamp(copy.stat().st_mtime, UTC) < before


_THREADS: Final = (
    "SELECT threads.*, users.identifier AS owner FROM threads"
    " JOIN users ON users.id = threads.user_id ORDER BY threads.created_at"
)


class _History:
    """The history of 0.1: a file, or a schema; perhaps there is none."""

    def __init__(self, connection: Connection, folder: Path) -> None:
        self._file: sqlite3.Connection | None = None
        self._schema: Connection | None = None
        path = folder / HISTORY_FILE
        if connection.dialect.name != "sqlite":
            if sa.inspect(connection).has_table("steps", _HISTORY):
                self._schema = connection
        elif path.exists():
            self._file = sqlite3.connect(path)
            self._file.row_factory = sqlite3.Row

    def rows(self, query: str) -> Iterator[Row]:
        """Yield the rows that a query finds."""
        if self._schema is not None:
            for table in ("users", "threads", "steps", "elements"):
                query = query.replace(f"FROM {table}", f"FROM {_HISTORY}.{table} AS {table}")
                query = query.replace(f"JOIN {table}", f"JOIN {_HISTORY}.{table} AS {table}")
            yield from map(dict, self._schema.exec_driver_sql(query).mappings())
        elif self._file is not None:
            yield from map(dict, self._file.execute(query))

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def _old(connection: Connection, table: str) -> list[Row]:
    ordered = " ORDER BY number" if table in ("concepts", "facts", "pictures", "mentions") else ""
    found = connection.exec_driver_sql(f"SELECT * FROM old_{table}{ordered}")
    return list(map(dict, found.mappings()))


def _insert(connection: Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(sa.insert(table), rows)


def _without(row: Row, *names: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in ("number", *names)}


def _lesson(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the lesson that a concept still waits for."""
    told = {"user_id": row["user_id"], "concept_id": row["id"], "kind": "lesson"}
    when = {"created_at": now(), "updated_at": now()}
    return {"id": new_id(), **told, "state": "waiting", "step": 0, **when}


def _carry_records(connection: Connection) -> None:
    for table in (schema.identity, schema.users):
        _insert(connection, table, [dict(row) for row in _old(connection, table.name)])
    found = _old(connection, "concepts")
    has_photos = {(row["user_id"], row["concept_id"]) for row in _old(connection, "concept_photos")}
    cut_off = [row for row in found if row["state"] == "learning"]
    rows = [{**_without(row, "name", "name_key"), "consent": bool(row["consent"])} for row in found]
    for row in rows:
        # Nobody noted when; facts that are younger are taken for learned, too.
        row["learned_at"] = now() if row["tokens_sha256"] else None
        if row["state"] == "learning" and (row["user_id"], row["id"]) not in has_photos:
            row["state"] = "new"
    _insert(connection, schema.concepts, rows)
    lessons = [_lesson(row) for row in cut_off if (row["user_id"], row["id"]) in has_photos]
    _insert(connection, schema.jobs, lessons)
    names = [
        {
            "user_id": row["user_id"],
            "concept_id": row["id"],
            "name": row["name"],
            "name_key": name_key(row["name"]),
            "is_main": True,
        }
        for row in found
    ]
    _insert(connection, schema.concept_names, names)
    facts = _old(connection, "facts")
    rows = [{**_without(row), "attribute_key": compare_key(row["attribute"])} for row in facts]
    _insert(connection, schema.facts, rows)
    pictures = {row["id"]: row for row in _old(connection, "pictures")}
    rows = [
        {
            **_without(row),
            "details": json.loads(row["details"]),
            "folded": fold(row["details"]),
            "turn_id": None,
            "family_id": _first_of(pictures, row)["id"],
        }
        for row in pictures.values()
    ]
    _insert(connection, schema.pictures, rows)
    for table in (schema.concept_photos, schema.picture_concepts):
        _insert(connection, table, [dict(row) for row in _old(connection, table.name)])
    named = [row for row in _old(connection, "mentions") if row["name"]]
    rows = [{"user_id": row["user_id"], "words": [row["name"]]} for row in named]
    _insert(connection, schema.redactions, rows)


def _first_of(pictures: Mapping[str, Row], row: Row) -> Row:
    while row["parent_id"] is not None:
        row = pictures[row["parent_id"]]
    return row


def _carry_history(connection: Connection, history: _History, shown: Mapping[str, Shown]) -> None:
    users = set(connection.execute(sa.select(schema.users.c.id)).scalars())
    threads = list(history.rows(_THREADS))
    for row in threads:
        if row["owner"] not in users:
            users.add(row["owner"])
            known = {"id": row["owner"], "created_at": row["created_at"]}
            _insert(connection, schema.users, [known])
    owners = {row["id"]: row["owner"] for row in threads}
    rows = [
        {
            **_without(row, "owner"),
            "user_id": row["owner"],
            "name": row["name"] or "",
            "folded": fold(row["name"] or ""),
            "metadata": json.loads(row["metadata"]),
        }
        for row in threads
    ]
    _insert(connection, schema.threads, rows)
    _insert(connection, schema.steps, list(_steps(history, owners)))
    for row in history.rows("SELECT id, thread_id, step_id, data FROM elements ORDER BY number"):
        if (owner := owners.get(row["thread_id"])) is not None:
            _carry_element(connection, row, owner, shown.get(row["id"]))


def _steps(history: _History, owners: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the steps in the order in which 0.1 showed them."""
    found = [
        (row, json.loads(row["data"]))
        for row in history.rows("SELECT id, thread_id, data FROM steps ORDER BY number")
        if row["thread_id"] in owners
    ]
    found.sort(key=lambda pair: str(pair[1].get("createdAt", "")))
    for row, data in found:
        said = (data.get(key) for key in ("name", "input", "output"))
        folded = fold("\n".join(text for text in said if isinstance(text, str)))
        owner = owners[row["thread_id"]]
        yield {**row, "user_id": owner, "turn_id": None, "data": data, "folded": folded}


def _carry_element(connection: Connection, row: Row, owner: str, shown: Shown | None) -> None:
    """Point an element at its picture, which becomes one of the owner's if it was none."""
    pictures = schema.pictures
    is_owners = pictures.c.user_id == owner
    if shown is None:
        same = sa.select(pictures.c.id).where(is_owners, pictures.c.id == _stem(row))
    else:
        same = sa.select(pictures.c.id).where(
            is_owners,
            pictures.c.sha256 == shown.sha256,
            pictures.c.thread_id == row["thread_id"],
        )
    picture_id = connection.execute(same).scalar()
    data = json.loads(row["data"])
    if picture_id is None and shown is None:
        return
    if picture_id is None and shown is not None:
        picture_id = new_id()
        made = {
            **{
                "id": picture_id,
                "user_id": owner,
                "family_id": picture_id,
                "details": {},
                "folded": "",
            },
            **{"sha256": shown.sha256, "width": shown.width, "height": shown.height},
            **{"origin": "uploaded", "thread_id": row["thread_id"]},
            "created_at": data.get("createdAt") or _moment_of(connection, owner, row["thread_id"]),
        }
        _insert(connection, pictures, [made])
    element = {**_without(row), "user_id": owner, "picture_id": picture_id, "data": data}
    _insert(connection, schema.elements, [element])


def _moment_of(connection: Connection, owner: str, thread_id: str) -> str:
    threads = schema.threads
    query = sa.select(threads.c.created_at).where(
        threads.c.user_id == owner, threads.c.id == thread_id
    )
    return str(connection.execute(query).scalar_one())


def _stem(row: Row) -> str:
    """Return what a drawing's element is named after: its picture's id."""
    return str(json.loads(row["data"]).get("name", "")).partition(".")[0]
