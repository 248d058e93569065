"""Write the parts of the README that the code decides: command help, graph and tree.

python scripts/readme.py           rewrite README.md
python scripts/readme.py --check   exit 1 if README.md is out of step
"""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
ROOMS = ("agent", "tools", "memory", "model", "ui", "bench")


def help_block() -> str:
    """Return the help of every command."""
    import typer.main

    from omnipersona.ui.cli import app

    lines = ["```text"]
    root = typer.main.get_command(app)

    def describe(command: Any, path: str) -> None:
        if hasattr(command, "commands"):
            for name, inner in command.commands.items():
                describe(inner, f"{path} {name}")
        else:
            lines.append(f"{path:<30} {command.get_short_help_str(90)}")

    describe(root, "omnipersona")
    return "\n".join([*lines, "```"])


def graph_block() -> str:
    """Return the graph as a Mermaid picture; loops of a question to itself are left out."""
    from omnipersona.agent.graph import mermaid
    from omnipersona.tools.outcome import ToolDeps

    unused = cast(Any, None)
    text = mermaid(ToolDeps(model=unused, memory=unused, jobs=unused))
    kept = [
        line
        for line in text.strip().splitlines()
        if not re.match(r"\s*(\w+) (-\.->|-->) \1;", line)
    ]
    return "\n".join(["```mermaid", *kept, "```"])


def tree_block() -> str:
    """Return every module with the first sentence of its docstring."""
    return "\n".join(["```text", *_tree(), "```"])


def _tree() -> Iterator[str]:
    for room in ROOMS:
        for folder in sorted({path.parent for path in (ROOT / room).rglob("*.py")}):
            where = folder.relative_to(ROOT)
            indent = "  " * (len(where.parts) - 1)
            room = f"{where.name}/"
            yield f"{indent}{room:<{30 - len(indent)}} {_summary(folder / '__init__.py')}"
            for path in sorted(folder.glob("*.py")):
                if path.name != "__init__.py":
                    yield f"{indent}  {path.name:<{28 - len(indent)}} {_summary(path)}"


def _summary(path: Path) -> str:
    doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) if path.exists() else None
    first = re.split(r"(?<=[.;:])\s", (doc or "").replace("\n", " "), maxsplit=1)[0]
    return first.rstrip(".;:")


BLOCKS: dict[str, Callable[[], str]] = {
    "help": help_block,
    "graph": graph_block,
    "tree": tree_block,
}


def rendered(text: str) -> str:
    """Return the README with every block made anew."""
    for name, make in BLOCKS.items():
        start = f"<!-- {name}: made by scripts/readme.py -->\n"
        pattern = re.compile(rf"({start}).*?(<!-- end -->)", re.S)
        if not pattern.search(text):
            raise SystemExit(f"README.md has no block '{name}'.")
        block = make()
        text = pattern.sub(lambda match, block=block: f"{match[1]}{block}\n{match[2]}", text)
    return text


def main() -> None:
    """Rewrite or check."""
    text = README.read_text(encoding="utf-8")
    new = rendered(text)
    if "--check" in sys.argv:
        if new != text:
            raise SystemExit("README.md is out of step; run: python scripts/readme.py")
        return
    README.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
