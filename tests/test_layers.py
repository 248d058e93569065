"""Who may import whom, read from the code itself; names for the type checker alone are free."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
ROOMS: Final = (
    *("accounts", "model", "store", "memory", "tools"),
    *("agent", "training", "bench", "serve", "ui"),
)
SEAM: Final = (
    "model.contract",
    "model.errors",
    "model.thinking",
    "model.model_proxy",
    "model.slotted_text",
)

# What each room may import of ours beside itself; a dotted name allows that module alone.
ALLOWED: Final[dict[str, tuple[str, ...]]] = {
    "accounts": (),
    "model": (),
    "store": (),
    "memory": ("store",),
    "tools": (
        *(*SEAM, "model.concepts.file_format", "memory"),
        *("store.errors", "store.names", "store.text", "store.image_sanitizer"),
    ),
    "agent": (*SEAM, "accounts", "tools", "memory", "store", "model.registry"),
    "training": ("model",),
    "bench": ("model", "store", "memory", "tools", "agent", "training"),
    "serve": ("accounts", "agent", "__version__", "tools.registry", *SEAM),
    "ui": (
        *("accounts", "agent", "serve", "model", "training", "bench", *SEAM),
        *("store.conversations", "store.errors"),
    ),
}
FORBIDDEN: Final[dict[str, tuple[str, ...]]] = {
    "model": ("langchain_core", "langgraph", "chainlit", "typer", "requests", "httpx", "socket"),
    "accounts": ("torch", "langchain_core", "langgraph", "chainlit", "typer"),
    "store": ("torch", "langchain_core", "langgraph", "chainlit", "typer"),
    "memory": ("torch", "langchain_core", "langgraph", "chainlit", "typer"),
    "tools": ("torch", "langgraph", "chainlit", "typer"),
    "agent": ("torch", "chainlit", "typer"),
    "training": ("langchain_core", "langgraph", "chainlit", "typer", "requests", "httpx", "socket"),
    "bench": ("chainlit", "typer", "langgraph"),
    "serve": ("torch", "chainlit", "typer", "langgraph"),
    "ui": ("langgraph",),
}
DOORS: Final[dict[str, tuple[str, ...]]] = {
    "psycopg": ("store/postgres.py", "agent/postgres_checkpoints.py"),
    "langgraph.checkpoint.postgres": ("agent/postgres_checkpoints.py",),
    "langgraph.checkpoint.sqlite": ("agent/sqlite_checkpoints.py",),
    "obstore": ("store/objects.py",),
    "chromadb": ("memory/chroma.py",),
    "alembic": (
        "store/migrate.py",
        "store/migrations/env.py",
        "store/migrations/versions/0001_one_store.py",
    ),
    "sqlite3": (
        "store/database.py",
        "store/first_edition.py",
        "store/backup.py",
        "agent/errors.py",
    ),
}
"""The only files that speak to a store."""

ONLY: Final = {"chainlit": "ui", "typer": "ui", "langgraph": "agent"}


@dataclass(frozen=True)
class Import:
    """One import of a file; `is_late` ones run inside a function."""

    path: Path
    name: str
    line: int
    is_late: bool

    @property
    def room(self) -> str:
        return self.path.relative_to(ROOT).parts[0]

    @property
    def ours(self) -> str | None:
        """Return the imported name below `omnipersona`, if it is one of ours."""
        package, _, rest = self.name.partition(".")
        return rest or None if package == "omnipersona" else None

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line} imports {self.name}"


def _files(*rooms: str) -> list[Path]:
    return [path for room in rooms for path in sorted((ROOT / room).rglob("*.py"))]


def _typing_blocks(tree: ast.Module) -> Iterator[ast.If]:
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield node


def _imports(path: Path) -> Iterator[Import]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    late = {id(node) for function in functions for node in ast.walk(function)}
    typing = {id(node) for block in _typing_blocks(tree) for node in ast.walk(block)}
    for node in ast.walk(tree):
        if id(node) in typing:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(path, alias.name, node.lineno, id(node) in late)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively; imports are absolute"
            module = node.module or ""
            for alias in node.names:
                whole = f"{module}.{alias.name}"
                yield Import(path, whole, node.lineno, id(node) in late)


def _of_room(room: str) -> list[Import]:
    return [one for path in _files(room) for one in _imports(path)]


def _is_below(name: str, parents: tuple[str, ...]) -> bool:
    return any(name == parent or name.startswith(f"{parent}.") for parent in parents)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_stands_below_it(room: str) -> None:
    allowed = (room, *ALLOWED[room])
    wrong = [str(i) for i in _of_room(room) if i.ours and not _is_below(i.ours, allowed)]
    assert wrong == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_keeps_out_foreign_libraries(room: str) -> None:
    wrong = [str(i) for i in _of_room(room) if _is_below(i.name, FORBIDDEN[room])]
    assert wrong == []


@pytest.mark.parametrize(("library", "room"), ONLY.items())
def test_an_edge_library_has_one_home(library: str, room: str) -> None:
    others = [one for one in ROOMS if one != room]
    wrong = [str(i) for one in others for i in _of_room(one) if _is_below(i.name, (library,))]
    assert wrong == []


@pytest.mark.parametrize("library", DOORS)
def test_a_store_is_spoken_to_in_its_own_file_alone(library: str) -> None:
    everywhere = [i for room in ROOMS for i in _of_room(room) if _is_below(i.name, (library,))]
    others = [str(i) for i in everywhere if str(i.path.relative_to(ROOT)) not in DOORS[library]]
    assert everywhere
    assert others == []


def test_packages_of_servers_are_imported_only_when_a_setting_names_one() -> None:
    doors = tuple(
        f"omnipersona.{path.removesuffix('.py').replace('/', '.')}"
        for path in (*DOORS["psycopg"], *DOORS["obstore"])
    )
    early = [
        str(i)
        for room in ROOMS
        for i in _of_room(room)
        if _is_below(i.name, doors) and not i.is_late
        if str(i.path.relative_to(ROOT)) not in DOORS["psycopg"]
    ]
    assert early == []


def test_the_model_itself_is_imported_by_the_agents_runtime_alone() -> None:
    wrong = [
        str(i)
        for i in _of_room("agent")
        if i.ours and _is_below(i.ours, ("model.bagel.backbone",)) and i.path.name != "assistant.py"
    ]
    assert wrong == []


def test_the_page_imports_models_measurements_and_the_server_only_when_run() -> None:
    wrong = [
        str(i)
        for i in _of_room("ui")
        if i.ours
        and _is_below(i.ours, ("model", "training", "bench", "serve.http"))
        and not _is_below(i.ours, SEAM)
        if not i.is_late
    ]
    assert wrong == []


@pytest.mark.parametrize("module", SEAM)
def test_the_seam_imports_no_library(module: str) -> None:
    path = ROOT / f"{module.replace('.', '/')}.py"
    libraries = ("torch", "numpy", "PIL", "safetensors", "transformers")
    assert [str(i) for i in _imports(path) if _is_below(i.name, libraries)] == []


def test_the_model_has_no_import_cycle() -> None:
    modules = {".".join(p.relative_to(ROOT).with_suffix("").parts): p for p in _files("model")}
    graph = {
        name: {
            found
            for i in _imports(path)
            if i.ours
            for found in (i.ours, i.ours.rpartition(".")[0])
            if found in modules and found != name
        }
        for name, path in modules.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"modules import one another: {' -> '.join(error.args[1])}")


def test_the_model_room_opens_without_imports() -> None:
    assert list(_imports(ROOT / "model" / "__init__.py")) == []


def test_no_pickle_is_loaded_anywhere() -> None:
    names = ("pickle", "dill", "joblib", "shelve", "marshal")
    wrong = [str(i) for room in ROOMS for i in _of_room(room) if _is_below(i.name, names)]
    loads = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in _files(*ROOMS)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        if node.attr == "load" and isinstance(node.value, ast.Name) and node.value.id == "torch"
    ]
    assert wrong + loads == []
