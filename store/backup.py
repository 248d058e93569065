"""A whole data folder as one file, and back.

Everything that cannot be made again goes in: records, conversations, files, logins; not the index,
not the page's own files, not the secret that signs logins. Knows files. Does not know what they
mean.
"""

import hashlib
import json
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from omnipersona.memory.errors import StorageFailed
from omnipersona.memory.lock import FolderLock
from omnipersona.memory.opening import DATABASE_FILE

FORMAT: Final = 1
_MANIFEST: Final = "backup.json"
_DATABASES: Final = "*.sqlite3"
_PLAIN: Final = ("logins.json", "keys.json")
_ALLOWED: Final = re.compile(r"[a-z]+\.sqlite3|(logins|keys)\.json|blobs/[0-9a-f]{32}/[0-9a-z./]+")
_AT_ONCE: Final = 2**20


def back_up(folder: Path, file: Path) -> int:
    """Write a data folder into one file, whole or not at all; return how many files it holds.

    Raises:
        DataFolderBusy: A running assistant has the folder.
        StorageFailed: The folder cannot be read, or the file cannot be written.
    """
    if not (folder / DATABASE_FILE).exists():
        raise StorageFailed(f"There is nothing to back up in {folder}.")
    lock = FolderLock(folder)
    lock.acquire()
    try:
        return _write(folder, file)
    except (OSError, sqlite3.Error) as error:
        raise StorageFailed(f"The backup {file} could not be made: {error}.") from error
    finally:
        lock.release()


def restore(file: Path, folder: Path) -> int:
    """Make a data folder from a backup; return how many files it has.

    Raises: StorageFailed: The folder holds something already, or the file is damaged or no backup.
    """
    if (folder / DATABASE_FILE).exists():
        raise StorageFailed(
            f"{folder} holds a memory already. Choose an empty folder with --data, or move this "
            "one away first."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with TemporaryDirectory(dir=folder.parent) as name, zipfile.ZipFile(file) as archive:
            made = Path(name) / "data"
            count = _unpack(archive, made)
            shutil.copytree(made, folder, dirs_exist_ok=True)
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError) as error:
        raise StorageFailed(f"{file} cannot be restored: {error}.") from error
    return count


def _write(folder: Path, file: Path) -> int:
    partial = file.with_name(f"{file.name}.partial")
    sums = {}
    with TemporaryDirectory() as name, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as out:
        for part, path in (*_databases(folder, Path(name)), *_files(folder)):
            out.write(path, part)
            sums[part] = _sha256(path)
        out.writestr(_MANIFEST, json.dumps({"format": FORMAT, "sha256": sums}, indent=1))
    partial.chmod(0o600)
    partial.replace(file)
    return len(sums)


def _databases(folder: Path, copies: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.glob(_DATABASES)):
        # A copy by SQLite itself takes in what still lies in the write-ahead log.
        with (
            closing(sqlite3.connect(path)) as source,
            closing(sqlite3.connect(copies / path.name)) as copy,
        ):
            source.backup(copy)
        yield path.name, copies / path.name


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    plain = [folder / name for name in _PLAIN if (folder / name).exists()]
    blobs = sorted(path for path in (folder / "blobs").rglob("*") if path.is_file())
    for path in (*plain, *blobs):
        yield path.relative_to(folder).as_posix(), path


def _unpack(archive: zipfile.ZipFile, folder: Path) -> int:
    manifest: dict[str, Any] = json.loads(archive.read(_MANIFEST))
    if manifest["format"] != FORMAT:
        raise ValueError(f"it has format {manifest['format']!r}, not {FORMAT}")
    sums: dict[str, str] = manifest["sha256"]
    names = set(archive.namelist()) - {_MANIFEST}
    if names != set(sums) or DATABASE_FILE not in names:
        raise ValueError("it does not hold what it lists")
    for name in sorted(names):
        if not _ALLOWED.fullmatch(name) or ".." in name:
            raise ValueError(f"it holds {name!r}")
        path = folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with archive.open(name) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target, _AT_ONCE)
        path.chmod(0o600)
        if _sha256(path) != sums[name]:
            raise ValueError(f"{name} was changed")
    return len(names)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
