"""Without `training/`, as in a wheel, everything works but what makes or measures nano."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import typer.main
from hasty import hasty
from ports import free_port
from visit import sample_photos

from omnipersona.ui.cli import app

PROGRAM: Final = Path(__file__).with_name("without_training.py")
NEEDS_IT: Final = {
    "pretrain": ["pretrain"],
    "bench nano": ["bench", "nano", "--quick"],
    "bench curve": ["bench", "curve", "--concepts", "1"],
    "bench omnipbench": ["bench", "omnipbench", "--quick", "--out", "{folder}/results"],
}
# Each in its turn; a later one may need what an earlier one made.
WORKS: Final[dict[str, tuple[list[str], int]]] = {
    "config": (["config"], 0),
    "doctor": (["doctor"], 0),
    "models list": (["models", "list"], 0),
    "models check": (["models", "check", "{model}"], 0),
    "models get": (["models", "get", "nothing"], 2),
    "parity": (["parity", "{folder}"], 1),
    "learn-file": (["learn-file", "bo", "{photo}", "-o", "{folder}/bo", "--preset", "quick"], 0),
    "learn": (["learn", "bo", "{photo}", "--kind", "dog"], 0),
    "concepts list": (["concepts", "list"], 0),
    "concepts show": (["concepts", "show", "bo"], 0),
    "concepts export": (["concepts", "export", "bo", "{folder}/bo.zip"], 0),
    "concepts import": (["concepts", "import", "rex", "{folder}/bo.zip"], 0),
    "concepts teach": (["concepts", "teach", "{folder}/nothing"], 1),
    "plan": (["plan", "draw <bo> at the beach"], 0),
    "ask": (["ask", "draw a red cat", "-o", "{folder}/cat.png"], 0),
    "concepts forget": (["concepts", "forget", "rex", "--yes"], 0),
    "backup": (["backup", "{folder}/backup.zip"], 0),
    "restore": (["restore", "{folder}/backup.zip"], 1),
    "users add": (["users", "add", "ana"], 1),
    "users list": (["users", "list"], 0),
    "users remove": (["users", "remove", "ana"], 1),
    "users forget": (["users", "forget", "ana", "--yes"], 0),
    "keys add": (["keys", "add", "ana"], 0),
    "keys list": (["keys", "list"], 0),
    "keys remove": (["keys", "remove", "ana"], 0),
}
"""Arguments and exit code; nothing is typed where a password is asked for."""

SERVERS: Final = ("chat", "serve")
MEASURES: Final = {"bench speed": "bench.speed", "bench service": "bench.service"}
"""Long; their modules are imported instead."""
SENTENCE: Final = "checkout of the source code"


def _verbs(command: Any, before: tuple[str, ...] = ()) -> Iterator[str]:
    if not hasattr(command, "commands"):
        yield " ".join(before)
        return
    for name, below in command.commands.items():
        yield from _verbs(below, (*before, name))


def test_every_verb_is_tried_here() -> None:
    tried = {*NEEDS_IT, *WORKS, *SERVERS, *MEASURES, "mcp"}
    assert set(_verbs(typer.main.get_command(app))) == tried


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    mine = {k: v for k, v in os.environ.items() if not k.startswith("OMNIPERSONA_")}
    model = hasty(tmp_path / "model")
    return {
        **mine,
        "OMP_NUM_THREADS": "1",
        "OMNIPERSONA_MODEL": str(model),
        "OMNIPERSONA_DATA": str(tmp_path / "data"),
    }


@pytest.mark.slow
def test_every_verb_works_or_says_what_is_missing(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    filling = {
        "folder": str(tmp_path),
        "model": environment["OMNIPERSONA_MODEL"],
        "photo": sample_photos()[0],
    }
    asked = [(verb, arguments, 1) for verb, arguments in NEEDS_IT.items()]
    asked += [(verb, arguments, code) for verb, (arguments, code) in WORKS.items()]
    lines = [json.dumps([word.format(**filling) for word in words]) for _, words, _ in asked]
    done = subprocess.run(
        [sys.executable, PROGRAM],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        env=environment,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    for (verb, _, code), answer in zip(asked, answers, strict=True):
        assert answer["exit"] == code, (verb, answer)
        assert (SENTENCE in answer["output"]) == (verb in NEEDS_IT), (verb, answer)
    assert (tmp_path / "cat.png").exists()


def test_measurements_that_need_no_drawn_truth_can_be_imported(
    environment: dict[str, str],
) -> None:
    modules = [*MEASURES.values(), "bench.omnip.compare", "bench.omnip.photo_subjects"]
    code = "; ".join(
        ["import without_training, sys", "sys.meta_path.insert(0, without_training._Hidden())"]
        + [f"import omnipersona.{module}" for module in modules]
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROGRAM.parent,
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("verb", SERVERS)
def test_servers_start(verb: str, environment: dict[str, str]) -> None:
    port = free_port()
    more = ["--headless"] if verb == "chat" else []
    with subprocess.Popen(
        [sys.executable, PROGRAM, verb, "--port", str(port), *more], env=environment
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


def test_tools_for_other_agents_start(environment: dict[str, str]) -> None:
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
        [sys.executable, PROGRAM, "mcp"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(json.dumps(hello) + "\n")
        running.stdin.flush()
        assert "serverInfo" in running.stdout.readline()
        running.stdin.close()
        running.wait(60)
