"""What is released: the source distribution, the wheel built from it, and pins with hashes.

The wheel is installed alone, with its base dependencies, and everything is tried from an empty
folder. `training/` is not in it, so what makes or measures nano says that it needs a checkout.
"""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import tarfile
import time
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

import httpx
import pytest
import typer.main
from hasty import hasty
from packaging.requirements import Requirement
from PIL import Image
from ports import free_port

from omnipersona.ui.cli import app

ROOT: Final = Path(__file__).parents[1]
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PINS: Final = (ROOT / "constraints.txt").read_text(encoding="utf-8")
HASHED: Final = (ROOT / "constraints-hashed.txt").read_text(encoding="utf-8")

WHEELS: Final = os.environ.get("UV_FIND_LINKS") or os.environ.get("PIP_FIND_LINKS")
"""A folder of wheels beside the registry; uv does not read pip's."""

PACKAGE: Final = ROOT / "src" / "omnipersona"
ROOMS: Final = sorted({path.name for path in PACKAGE.iterdir() if path.is_symlink()} - {"training"})
COMMANDS: Final = Path(__file__).with_name("many_commands.py")
PROGRAMS: Final = {"ask", "learn", "chat", "mcp"}
"""Tried as programs of their own; the others in one process."""

NEEDS_TRAINING: Final = {
    "pretrain": ["pretrain"],
    "bench nano": ["bench", "nano", "--quick"],
    "bench curve": ["bench", "curve", "--concepts", "1"],
    "bench omnipbench": ["bench", "omnipbench", "--quick", "--out", "results"],
}
# Each in its turn; a later one may need what an earlier one made.
WORKS: Final[dict[str, tuple[list[str], int]]] = {
    "config": (["config"], 0),
    "doctor": (["doctor"], 0),
    "models list": (["models", "list"], 0),
    "models check": (["models", "check", "{model}"], 0),
    "models get": (["models", "get", "nothing"], 2),
    "parity": (["parity", "."], 1),
    "learn-file": (["learn-file", "bo", "{photo}", "-o", "bo", "--preset", "quick"], 0),
    "concepts list": (["concepts", "list"], 0),
    "concepts show": (["concepts", "show", "bo"], 0),
    "concepts export": (["concepts", "export", "bo", "bo.zip"], 0),
    "concepts import": (["concepts", "import", "rex", "bo.zip"], 0),
    "concepts teach": (["concepts", "teach", "nothing"], 1),
    "plan": (["plan", "draw <bo> at the beach"], 0),
    "concepts forget": (["concepts", "forget", "rex", "--yes"], 0),
    "backup": (["backup", "backup.zip"], 0),
    "restore": (["restore", "backup.zip"], 1),
    "users add": (["users", "add", "ana"], 1),
    "users list": (["users", "list"], 0),
    "users remove": (["users", "remove", "ana"], 1),
    "users forget": (["users", "forget", "ana", "--yes"], 0),
    "keys add": (["keys", "add", "ana"], 0),
    "keys list": (["keys", "list"], 0),
    "keys remove": (["keys", "remove", "ana"], 0),
    "serve": (["serve"], 1),
}
"""Arguments and exit code; nothing is typed where a password is asked for."""

LONG: Final = {"bench speed", "bench service"}
MEASURES: Final = ("speed", "service", "omnip.compare", "omnip.photo_subjects")
"""Measurements that need no drawn truth; they are imported alone."""

CHECKOUT: Final = "checkout of the source code"
EXTRA: Final = "pip install 'omnipersona[server]'"


def _pins(text: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", text, re.MULTILINE))


def test_the_pins_with_hashes_have_the_versions_of_the_others() -> None:
    assert _pins(HASHED).items() <= _pins(PINS).items()


def test_every_pin_but_torchs_has_a_hash() -> None:
    entries = re.findall(r"^([a-z0-9-]+)==.*\n((?: +--hash=sha256:.*\n)*)", HASHED, re.MULTILINE)
    assert len(entries) == len(_pins(HASHED))
    assert [name for name, hashes in entries if not hashes] == ["torch"]


def test_what_a_wheel_needs_is_pinned_with_hashes() -> None:
    extras = (
        PROJECT["optional-dependencies"][one] for one in ("stores", "server", "tracing", "gpu")
    )
    pins = _pins(HASHED)
    for text in (*PROJECT["dependencies"], *(line for extra in extras for line in extra)):
        needed = Requirement(text)
        assert needed.specifier.contains(pins[needed.name]), text


def _uv(*arguments: str | Path) -> None:
    """Run uv with what its cache holds, and with the registry where that is not enough."""
    environment = {**os.environ, **({"UV_FIND_LINKS": WHEELS} if WHEELS else {})}
    for more in (["--offline"], []):
        command = [Path(sys.executable).with_name("uv"), *arguments, *more]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode == 0:
            return
    pytest.fail(done.stderr)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the source distribution, and the wheel built from it."""
    folder = tmp_path_factory.mktemp("dist")
    _uv("build", ROOT, "--out-dir", folder)
    return folder


@pytest.fixture(scope="module")
def python(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of an environment in which the wheel is installed, without extras."""
    folder = tmp_path_factory.mktemp("installed") / "environment"
    [wheel] = built.glob("*.whl")
    # torch as it is here: from the folder of wheels, or from the index of its kind.
    _, _, backend = version("torch").partition("+")
    torch = ["--torch-backend", backend] if backend and not WHEELS else []
    python = folder / "bin" / "python"
    pins = ROOT / "constraints-hashed.txt"
    _uv("venv", "--python", sys.executable, folder)
    _uv("pip", "install", "--python", python, "--constraint", pins, *torch, wheel)
    return python


@pytest.fixture
def package(python: Path) -> Path:
    """Return the folder in which the wheel's files lie."""
    [found] = python.parents[1].glob("lib/python*/site-packages/omnipersona")
    return found


@pytest.fixture
def environment(tmp_path: Path, package: Path) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        "OMP_NUM_THREADS": "1",
        "OMNIPERSONA_DATA": str(tmp_path / "data"),
        "OMNIPERSONA_MODEL": str(hasty(tmp_path / "model", package / "model/nano/checkpoint")),
    }


def _files() -> set[Path]:
    """Return the files that a release is built of."""
    below = (path for room in ROOMS for path in (ROOT / room).rglob("*"))
    kept = (path for path in (*below, *PACKAGE.iterdir()) if path.is_file())
    return {path.relative_to(ROOT) for path in kept if path.suffix != ".pyc"}


@pytest.mark.slow
def test_the_source_distribution_holds_the_rooms_themselves(built: Path) -> None:
    [path] = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        members = archive.getmembers()
    assert all(member.isfile() for member in members)
    beside = {"CHANGELOG.md", "LICENSE", "NOTICE", "README.md", "pyproject.toml"}
    beside |= {"PKG-INFO", ".gitignore"}
    assert {Path(*Path(member.name).parts[1:]) for member in members} == {
        *_files(),
        *map(Path, beside),
    }


@pytest.mark.slow
def test_the_wheel_holds_every_room_but_training(built: Path) -> None:
    [path] = built.glob("*.whl")
    with ZipFile(path) as archive:
        entries = archive.infolist()
    assert not any(stat.S_ISLNK(entry.external_attr >> 16) for entry in entries)
    names = {Path(entry.filename) for entry in entries}
    about = Path(f"omnipersona-{PROJECT['version']}.dist-info")
    assert {about / "licenses" / "LICENSE", about / "licenses" / "NOTICE"} <= names
    places = {
        path.relative_to("src") if path.parts[0] == "src" else "omnipersona" / path
        for path in _files()
    }
    assert {name for name in names if name.parts[0] != about.name} == places


def _verbs(command: Any, before: tuple[str, ...] = ()) -> Iterator[str]:
    if not hasattr(command, "commands"):
        yield " ".join(before)
        return
    for name, below in command.commands.items():
        yield from _verbs(below, (*before, name))


def test_every_verb_is_tried_here() -> None:
    tried = {*PROGRAMS, *NEEDS_TRAINING, *WORKS, *LONG}
    assert set(_verbs(typer.main.get_command(app))) == tried


@pytest.mark.slow
def test_every_verb_works_from_an_empty_folder_or_says_what_is_missing(
    python: Path, package: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()

    def run(*command: str | Path, words: str = "") -> str:
        done = subprocess.run(
            command, cwd=empty, env=environment, input=words, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    program = python.with_name("omnipersona")
    told = f"omnipersona {PROJECT['version']}\n"
    assert [run(program, "--version"), run(python, "-m", "omnipersona", "--version")] == [told] * 2
    run(program, "--model", "nano", "ask", "draw a red cat", "-o", "cat.png")
    with Image.open(empty / "cat.png") as drawn:
        assert drawn.size == (64, 64)
    photos = sorted((package / "ui" / "page" / "samples").glob("bo_*.png"))
    run(program, "learn", "bo", *photos, "--kind", "dog", "--fact", "his toy is a red ball")
    assert "red ball" in run(program, "ask", "What is <bo>'s toy?")

    filling = {"model": environment["OMNIPERSONA_MODEL"], "photo": str(photos[0])}
    tried = [(verb, arguments, 1) for verb, arguments in NEEDS_TRAINING.items()]
    tried += [(verb, arguments, code) for verb, (arguments, code) in WORKS.items()]
    lines = [json.dumps([word.format(**filling) for word in words]) for _, words, _ in tried]
    measures = [f"omnipersona.bench.{one}" for one in MEASURES]
    answers = run(python, COMMANDS, *measures, words="\n".join(lines)).splitlines()
    for (verb, _, code), answer in zip(tried, map(json.loads, answers), strict=True):
        assert answer["exit"] == code, (verb, answer)
        assert (CHECKOUT in answer["output"]) == (verb in NEEDS_TRAINING), (verb, answer)
        assert (EXTRA in answer["output"]) == (verb == "serve"), (verb, answer)


@pytest.mark.slow
def test_the_page_starts(python: Path, environment: dict[str, str]) -> None:
    port = free_port()
    program = str(python.with_name("omnipersona"))
    with subprocess.Popen(
        [program, "chat", "--headless", "--port", str(port)], env=environment
    ) as running:
        try:
            deadline = time.monotonic() + 120
            while not _answers(f"http://127.0.0.1:{port}/health"):
                assert running.poll() is None, "it ended"
                assert time.monotonic() < deadline, "it does not answer"
                time.sleep(0.2)
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(60)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.mark.slow
def test_tools_for_other_agents_start(python: Path, environment: dict[str, str]) -> None:
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-03-26",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
    with subprocess.Popen(
        [python.with_name("omnipersona"), "mcp"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(json.dumps(hello) + "\n")
        running.stdin.flush()
        answer = json.loads(running.stdout.readline())
        assert answer["result"]["serverInfo"]["version"] == PROJECT["version"]
        running.stdin.close()
        running.wait(60)
