"""The documentation is built strictly, and every command in it works."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer.main
from hasty import hasty
from oracles.second_model import write_second
from visit import sample_photos

from omnipersona.ui.cli import app

ROOT: Final = Path(__file__).parents[1]
BIN: Final = Path(sys.executable).parent
PAGES: Final = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MADE: Final = r"<!-- \w+: made by .*?<!-- end -->"


def blocks(page: Path, language: str) -> list[str]:
    """Return the fenced blocks of one language, without those that are made from the code."""
    pattern = rf"^```{language}\n(.*?)^```"
    text = re.sub(MADE, "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.findall(pattern, text, re.MULTILINE | re.DOTALL)


# README's two commands are what runs these tests; the page on HTTP needs a server, which its own
# test starts.
RUN_HERE: Final = [p for p in PAGES if blocks(p, "sh") and p.stem not in ("README", "http")]


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the words of every command of ours that a page shows, without variables before it."""
    for block in (*blocks(page, "sh"), *blocks(page, "text")):
        for line in block.replace("\\\n", " ").splitlines():
            found = re.match(r"(?:[A-Z_]+=\S* )*omnipersona ([-a-z].*)", line)
            if found:
                yield shlex.split(found[1], comments=True)


def test_it_is_built_strictly(tmp_path: Path) -> None:
    done = subprocess.run(
        [BIN / "mkdocs", "build", "--strict", "-d", tmp_path / "site"],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    embedding = (tmp_path / "site" / "embedding" / "index.html").read_text(encoding="utf-8")
    assert "build_app" in embedding
    for page in (tmp_path / "site").rglob("*.html"):
        loaded = re.findall(
            r'<(?:script|img|link rel="stylesheet")[^>]*="(https?:[^"]+)', page.read_text()
        )
        assert loaded == [], page


def test_the_parts_made_from_code_are_in_step() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "docs.py", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_make_verb_exists() -> None:
    verbs = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        told = re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert set(told) <= verbs, page


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN_HERE, ids=lambda p: p.stem)
def test_every_command_line_runs(page: Path, tmp_path: Path) -> None:
    """`photos` is a folder of photos, `BAGEL` a checkpoint in the published layout.

    Whole lessons are short here: what is learned matters little.
    """
    (tmp_path / "photos").mkdir()
    for photo in sample_photos()[:3]:
        shutil.copy(photo, tmp_path / "photos")
    checkpoint = tmp_path / "second"
    checkpoint.mkdir()
    script = "\n".join(blocks(page, "sh"))
    if "$BAGEL" in script:
        write_second(checkpoint)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "OMP_NUM_THREADS": "1",
            "BAGEL": str(checkpoint),
            "OMNIPERSONA_MODEL": str(hasty(tmp_path / "hasty")),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_every_command_exists_with_its_options(page: Path) -> None:
    root = typer.main.get_command(app)
    for words in commands(page):
        parse(root, words)


def parse(command: Any, words: list[str]) -> None:
    """Read a command line as the program would, down to the last command; run nothing."""
    context = command.make_context("omnipersona", list(words))
    rest = [*getattr(context, "_protected_args", ()), *context.args]
    if hasattr(command, "commands") and rest:
        inner = command.commands.get(rest[0])
        assert inner is not None, f"no command {' '.join(words)}"
        parse(inner, rest[1:])


def test_every_extra_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    known = set(project["optional-dependencies"])
    for page in PAGES:
        for names in re.findall(r"omnipersona\[([a-z,]+)\]", page.read_text(encoding="utf-8")):
            assert set(names.split(",")) <= known, page
