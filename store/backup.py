"""A whole memory as one file, and back, whatever kinds of stores it lies in.

Everything that cannot be made again goes in: records, as lines of JSON per table, and files; logins
and keys; what must stay forgotten. Not in it: search indexes, turns and questions under way,
sessions, the secret that signs logins. Nothing is copied anywhere else on the way. Knows tables as
such. Does not know what they mean.
"""

import base64
import hashlib
import json
import os
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from omnipersona.store.database import Database, read_only
from omnipersona.store.errors import StorageFailed
from omnipersona.store.files import Files
from omnipersona.store.lock import FolderLock
from omnipersona.store.schema import METADATA
from omnipersona.store.stores import DATABASE_FILE, UNFINISHED, Places
from omnipersona.store.tombstones import TOMBSTONES_FILE, merge_tombstones

FORMAT: Final = 2
_FIRST_FORMAT: Final = 1
_MANIFEST: Final = "backup.json"
_PLAIN: Final = ("logins.json", "keys.json")
_PASSING: Final = ("indexes", "turns", "questions", "sessions", "redactions", "quarantine")
_ALLOWED: Final = {
    FORMAT: re.compile(
        r"records/[a-z_]+\.jsonl|(logins|keys)\.json|forgotten"
        r"|files/[0-9a-f]{32}/[0-9a-f]{64}\.[a-z]+"
    ),
    _FIRST_FORMAT: re.compile(
        r"[a-z]+\.sqlite3|(logins|keys)\.json|blobs/[0-9a-f]{32}/[0-9a-z./]+"
    ),
}
_AT_ONCE: Final = 2**20
_ROWS: Final = 500

Entry = tuple[str, Iterable[bytes]]


def back_up(places: Places, file: Path) -> int:
    """Write a memory into one file, whole or not at all; return how many parts it has.

    Raises:
        DataFolderBusy: A running assistant has the memory.
        StorageFailed: It cannot be read, or the file cannot be written.
    """
    if not places.database and not (places.folder / DATABASE_FILE).exists():
        raise StorageFailed(f"There is nothing to back up in {places.folder}.")
    lock = FolderLock(places.folder)
    lock.acquire()
    partial = file.with_name(f"{file.name}.partial")
    try:
        database, files = places.open()
        try:
            partial.unlink(missing_ok=True)
            os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            count = _write(partial, _entries(places.folder, database, files))
        finally:
            database.close()
        partial.replace(file)
    except OSError as error:
        raise StorageFailed(f"The backup {file} could not be made: {error}.") from error
    finally:
        lock.release()
        partial.unlink(missing_ok=True)
    return count


def restore(file: Path, places: Places) -> int:
    """Make a memory from a backup, whole or not at all; return how many parts it has.

    Raises: StorageFailed: There is a memory already, or the file is damaged or no backup.
    """
    if not places.database and _is_used(places.folder):
        raise StorageFailed(
            f"{places.folder} holds a memory already. Choose an empty folder with --data, or move "
            "this one away first."
        )
    try:
        with zipfile.ZipFile(file) as parts:
            sums = _checked(parts)
            fill = _restore_first if sums.format == _FIRST_FORMAT else _restore
            with _prepared(places.folder) as made:
                fill(parts, made, places)
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError, sqlite3.Error) as error:
        raise StorageFailed(f"{file} cannot be restored: {error}.") from error
    return len(sums.names)


def _is_used(folder: Path) -> bool:
    """Return whether a folder holds a memory of somebody, not just one that was opened once."""
    path = folder / DATABASE_FILE
    if not path.exists() or path.stat().st_size == 0:
        return False
    try:
        with read_only(path) as records:
            [(count,)] = records.execute("SELECT count(*) FROM users")
    except sqlite3.Error:
        return True
    return bool(count)


@contextmanager
def _prepared(folder: Path) -> Iterator[Path]:
    """Give a place to make a memory in; what was made there is put into its folder at the end."""
    lock = FolderLock(folder)
    lock.acquire()
    made = folder / UNFINISHED
    try:
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(mode=0o700)
        yield made
        _move(made, folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
        lock.release()


def _entries(folder: Path, database: Database, files: Files) -> Iterator[Entry]:
    for table in METADATA.sorted_tables:
        if table.name not in _PASSING:
            yield f"records/{table.name}.jsonl", _lines(database, table)
    for path in sorted(files.paths()):
        if not Path(path).name.startswith("."):
            yield f"files/{path}", [files.read(path)]
    for name in (*_PLAIN, TOMBSTONES_FILE):
        if (folder / name).exists():
            yield name, [(folder / name).read_bytes()]


def _lines(database: Database, table: sa.Table) -> Iterator[bytes]:
    with database.of_all() as connection:
        found = connection.execute(sa.select(table).order_by(*table.primary_key))
        for row in found.mappings():
            yield json.dumps(dict(row), default=_as_text).encode() + b"\n"


def _as_text(value: bytes) -> dict[str, str]:
    return {"base64": base64.b64encode(value).decode("ascii")}


def _as_value(value: Any) -> Any:
    is_bytes = isinstance(value, dict) and value.keys() == {"base64"}
    return base64.b64decode(value["base64"]) if is_bytes else value


def _write(partial: Path, entries: Iterator[Entry]) -> int:
    sums = dict[str, str]()
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as out:
        for name, pieces in entries:
            digest = hashlib.sha256()
            with out.open(name, "w", force_zip64=True) as part:
                for piece in pieces:
                    digest.update(piece)
                    part.write(piece)
            sums[name] = digest.hexdigest()
        out.writestr(_MANIFEST, json.dumps({"format": FORMAT, "sha256": sums}, indent=1))
    return len(sums)


class _Checked:
    """What a backup holds, once all of it was compared with what it lists."""

    def __init__(self, number: int, names: list[str]) -> None:
        self.format = number
        self.names = names


def _checked(archive: zipfile.ZipFile) -> _Checked:
    manifest: dict[str, Any] = json.loads(archive.read(_MANIFEST))
    number = manifest["format"]
    if number not in _ALLOWED:
        raise ValueError(f"it has format {number!r}, not {FORMAT}")
    sums: dict[str, str] = manifest["sha256"]
    names = sorted(set(archive.namelist()) - {_MANIFEST})
    needed = DATABASE_FILE if number == _FIRST_FORMAT else "records/users.jsonl"
    if names != sorted(sums) or needed not in names:
        raise ValueError("it does not hold what it lists")
    for name in names:
        if not _ALLOWED[number].fullmatch(name) or ".." in name:
            raise ValueError(f"it holds {name!r}")
        digest = hashlib.sha256()
        with archive.open(name) as part:
            while piece := part.read(_AT_ONCE):
                digest.update(piece)
        if digest.hexdigest() != sums[name]:
            raise ValueError(f"{name} was changed")
    return _Checked(number, names)


def _restore(archive: zipfile.ZipFile, made: Path, places: Places) -> None:
    """Fill a memory; one in a folder is filled beside its place and put there when it is whole."""
    target = places if places.database else Places(folder=made, blobs=places.blobs)
    database, files = target.open(name=_name_of(archive))
    try:
        _refuse_filled(database, target)
        for name in archive.namelist():
            if name.startswith("files/"):
                files.write(name.removeprefix("files/"), archive.read(name))
        # Before the records: without its key nothing would stay forgotten.
        _plain_files(archive, target.folder, places.folder)
        _fill(database, archive)
    finally:
        database.close()


def _move(made: Path, folder: Path) -> None:
    """Put what was made in its place, the records last: they make it a memory."""
    for ending in ("-wal", "-shm"):
        (folder / f"{DATABASE_FILE}{ending}").unlink(missing_ok=True)
    paths = [path for path in made.rglob("*") if path.is_file()]
    for path in sorted(paths, key=lambda path: path.name == DATABASE_FILE):
        place = folder / path.relative_to(made)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.replace(place)
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _name_of(archive: zipfile.ZipFile) -> str:
    """Return the memory's own name, under which its files lie."""
    [row] = archive.read("records/identity.jsonl").splitlines()
    return str(json.loads(row)["id"])


def _refuse_filled(database: Database, places: Places) -> None:
    with database.of_all() as connection:
        users = METADATA.tables["users"]
        if connection.execute(sa.select(users.c.id)).first() is not None:
            raise StorageFailed(
                f"{places} holds a memory already. Choose an empty one, or move this one away "
                "first."
            )


def _fill(database: Database, archive: zipfile.ZipFile) -> None:
    with database.of_all() as connection:
        for table in METADATA.sorted_tables:
            name = f"records/{table.name}.jsonl"
            if name not in archive.namelist() or table.name == "identity":
                continue
            rows = [
                {key: _as_value(value) for key, value in json.loads(line).items()}
                for line in archive.read(name).splitlines()
            ]
            # Facts name older ones, which therefore come first.
            for start in range(0, len(rows), _ROWS):
                connection.execute(sa.insert(table), rows[start : start + _ROWS])
            if not database.is_sqlite and "number" in table.c and rows:
                # Rows that come later are numbered after these.
                place = f"pg_get_serial_sequence('{table.name}', 'number')"
                last = rows[-1]["number"]
                connection.exec_driver_sql(f"SELECT setval({place}, {int(last)})")


def _plain_files(archive: zipfile.ZipFile, folder: Path, place: Path) -> None:
    """Write what is no record; what was forgotten at the place since the backup stays forgotten."""
    for name in _PLAIN:
        if name in archive.namelist():
            (folder / name).write_bytes(archive.read(name))
            (folder / name).chmod(0o600)
    if TOMBSTONES_FILE in archive.namelist():
        here = place / TOMBSTONES_FILE
        others = [here.read_text(encoding="ascii")] if here.exists() else []
        merge_tombstones(folder, archive.read(TOMBSTONES_FILE).decode("ascii"), *others)


def _restore_first(archive: zipfile.ZipFile, made: Path, places: Places) -> None:
    """Put back the files of version 0.1, which are brought up to date when they are opened."""
    if places.database or places.blobs:
        raise ValueError(
            "it was made by version 0.1; restore it into a folder, and a backup of that here"
        )
    for name in archive.namelist():
        if name == _MANIFEST:
            continue
        path = made / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with archive.open(name) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target, _AT_ONCE)
        path.chmod(0o600)
