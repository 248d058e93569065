"""Every test runs in its own home, without settings from outside and without a network."""

import os
import socket
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from servers import Postgres, TestPlaces

# Tests are no package, because a dependency installs one named `tests`; this finds `fakes`.
sys.path.insert(0, str(Path(__file__).parent))

_LOOPBACK = ("127.0.0.1", "::1", "localhost", "0.0.0.0", "")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("both_stores") and "places" in metafunc.fixturenames:
        metafunc.parametrize("places", ["folder", "servers"], indirect=True)


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.chdir(home)
    for name in os.environ:
        if name.upper().startswith("OMNIPERSONA_"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def check(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in _LOOPBACK:
            raise AssertionError(f"A test tried to reach {address}; nothing may leave the machine.")

    def guarded(self: socket.socket, address: Any) -> None:
        check(self, address)
        connect(self, address)

    def guarded_ex(self: socket.socket, address: Any) -> int:
        check(self, address)
        return connect_ex(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_ex)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator["Postgres"]:
    """Return the PostgreSQL that all tests share."""
    from servers import postgres

    with postgres() as server:
        yield server


@pytest.fixture(scope="session")
def s3_server() -> Iterator[tuple[Path, Mapping[str, str]]]:
    """Return the folder of the bucket of the S3 server that all tests share, and its variables."""
    from servers import s3

    with s3() as (bucket, variables, _):
        yield bucket, variables


@pytest.fixture
def on_servers(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator["TestPlaces"]:
    """Return an empty database and an empty prefix of a bucket."""
    from servers import BUCKET, TestPlaces

    server: Postgres = request.getfixturevalue("postgres_server")
    bucket, variables = request.getfixturevalue("s3_server")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    prefix = uuid.uuid4().hex
    yield TestPlaces(tmp_path / "data", server.url, f"s3://{BUCKET}/{prefix}", bucket / prefix)
    server.empty()


@pytest.fixture
def places(request: pytest.FixtureRequest, tmp_path: Path) -> "TestPlaces":
    """Return where a memory lies: a folder, or for `both_stores` also servers."""
    from servers import TestPlaces

    if getattr(request, "param", "folder") == "folder":
        return TestPlaces(tmp_path / "data")
    found: TestPlaces = request.getfixturevalue("on_servers")
    return found
