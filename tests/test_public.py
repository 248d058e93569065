"""What the package shows, and what opening it costs."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

import omnipersona

ROOT: Final = Path(__file__).parent.parent
ROOMS: Final = (
    *("accounts", "model", "memory", "store", "tools", "agent", "bench", "serve", "ui"),
    *("src/omnipersona", "scripts"),
)
MAX_LINES: Final = 600
HEAVY: Final = (
    "torch",
    "transformers",
    "langgraph",
    "chainlit",
    "chromadb",
    "sentence_transformers",
)
MODELS: Final = ("transformers", "chainlit", "chromadb", "sentence_transformers")


def _files() -> list[Path]:
    rooms = [ROOT / room for room in ROOMS]
    return [path for room in rooms for path in sorted(room.rglob("*.py"))]


@pytest.mark.parametrize(
    "module",
    [
        "omnipersona",
        "omnipersona.model.contract",
        "omnipersona.model.errors",
        "omnipersona.model.registry",
        "omnipersona.testing",
        "omnipersona.model.model_proxy",
        "omnipersona.ui.cli",
    ],
)
def test_opening_it_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*[n for n in {HEAVY!r} if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == []


def test_using_every_name_costs_no_model() -> None:
    names = "[getattr(omnipersona, name) for name in omnipersona.__all__]"
    code = f"import sys, omnipersona; {names}; print(*[n for n in {MODELS!r} if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == []


def test_every_public_name_is_there() -> None:
    for name in omnipersona.__all__:
        assert getattr(omnipersona, name).__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_like_it"):
        getattr(omnipersona, "nothing_like_it")  # noqa: B009  (mypy would refuse the attribute)


def test_long_files_are_listed_with_the_reason() -> None:
    house = (ROOT / "docs" / "house.md").read_text(encoding="utf-8")
    long = [
        str(path.relative_to(ROOT))
        for path in [*_files(), *(ROOT / "tests").rglob("*.py")]
        if len(path.read_text(encoding="utf-8").splitlines()) > MAX_LINES
    ]
    assert [name for name in long if f"`{name}`:" not in house] == []


def test_every_module_says_what_it_is() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in _files()
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_code_is_ascii() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for path in _files()
        if not path.read_text(encoding="utf-8").isascii()
    ]
    assert wrong == []
