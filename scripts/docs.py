"""Write the parts of the documentation that the code decides.

python scripts/docs.py           rewrite them
python scripts/docs.py --check   exit 1 if one is out of step
"""

import ast
import functools
import itertools
import json
import re
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

from pydantic_core import PydanticUndefined

ROOT = Path(__file__).resolve().parents[1]
ROOMS = (
    *("agent", "tools", "memory", "store", "model", "accounts"),
    *("ui", "serve", "bench", "training"),
)


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


def settings_block() -> str:
    """Return every setting with its variable, its default and its one sentence."""
    from omnipersona.agent import settings

    tree = ast.parse(Path(settings.__file__).read_text(encoding="utf-8"))
    [fields] = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "Settings"]
    lines = ["| variable | default | |", "|---|---|---|"]
    for field, doc in itertools.pairwise(fields.body):
        if isinstance(field, ast.AnnAssign) and isinstance(doc, ast.Expr):
            name = ast.unparse(field.target)
            default = settings.Settings.model_fields[name].default
            shown = "" if default in ("", None, PydanticUndefined) else f"`{default}`"
            said = " ".join(ast.literal_eval(doc.value).split())
            lines.append(f"| `{settings.ENV_PREFIX}{name.upper()}` | {shown} | {said} |")
    return "\n".join(lines)


def graph_block() -> str:
    """Return the nodes of a turn, and where each of them goes on to."""
    from omnipersona.agent.graph import build_graph
    from omnipersona.tools.outcome import ToolDeps

    unused = cast(Any, None)
    deps = ToolDeps(model=unused, memory=unused, jobs=unused)
    drawn = build_graph(deps).compile().get_graph()
    lines = ["| node | goes on to |", "|---|---|"]
    for node in drawn.nodes:
        targets = [edge.target for edge in drawn.edges if edge.source == node != edge.target]
        if targets:
            lines.append(f"| {_shown(node)} | {', '.join(map(_shown, targets))} |")
    return "\n".join(lines)


def _shown(node: str) -> str:
    return {"__start__": "start", "__end__": "end"}.get(node, f"`{node}`")


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


def memory_block() -> str:
    """Return what BAGEL takes, in GB, by piece of work and type of the experts' matrices."""
    from omnipersona.model.bagel.checkpoint.published import bagel_7b_mot
    from omnipersona.model.bagel.memory_plan import WEIGHT_TYPES, plan, works

    config = bagel_7b_mot()
    lines = [
        f"| work | {' | '.join(WEIGHT_TYPES)} |",
        f"|---|{'---|' * len(WEIGHT_TYPES)}",
    ]
    for work in works(config):
        cells = [f"{plan(config, work, kind).total / 1e9:.1f}" for kind in WEIGHT_TYPES]
        lines.append(f"| {work} | {' | '.join(cells)} |")
        if work.kind == "learning":
            twice = [plan(config, work, kind, recomputes=True) for kind in WEIGHT_TYPES]
            cells = [f"{one.total / 1e9:.1f}" for one in twice]
            lines.append(f"| {work}, layers run twice | {' | '.join(cells)} |")
    return "\n".join(lines)


RESULTS = ROOT / "docs" / "omnipbench"
MAIN = ("rec", "rec, calibrated", "vqa", "qa", "identity", "text alignment", "parg", "edit")
SWEPT = ("rec", "vqa", "qa", "identity", "text alignment", "parg", "edit")


def _found(name: str) -> dict[str, dict[str, Any]]:
    """Return figures of OmniPBench by method and metric."""
    from omnipersona.bench.metrics.intervals import Interval

    content = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return {
        method: {metric: Interval(**figure) for metric, figure in row.items()}
        for method, row in content["figures"].items()
    }


def _table(name: str, metrics: tuple[str, ...]) -> str:
    """Return figures with their intervals, a method per line."""
    lines = [f"| | {' | '.join(metrics)} |", f"|---|{'---|' * len(metrics)}"]
    for method, row in _found(name).items():
        cells = [_cell(row.get(metric)) for metric in metrics]
        lines.append(f"| `{method}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(figure: Any) -> str:
    if figure is None:
        return "-"
    return f"{figure.value:.2f} <small>{figure.low:.2f} to {figure.high:.2f}</small>"


def figures_block() -> str:
    """Return the main figures of every method."""
    return _table("figures", MAIN)


def edits_block() -> str:
    """Return what edits are made of, and the kinds of edits."""
    from omnipersona.bench.omnip.items import EDIT_KINDS

    factors = ("edit done", "edit kept", "edit identity")
    kinds = (f"edit {kind}" for kind in EDIT_KINDS)
    return _table("figures", (*factors, *kinds, "kept after 5"))


@functools.cache
def _results() -> list[Any]:
    """Return the single scores that `figures.json` sums up."""
    from omnipersona.bench.omnip.run import Result

    plan = json.loads((RESULTS / "figures.json").read_text(encoding="utf-8"))["plan"]
    deciding = plan.keys() - {"names", "concepts", "seeds"}
    with zipfile.ZipFile(RESULTS / "results.zip") as archive:
        content = {name: json.loads(archive.read(name)) for name in archive.namelist()}
    [folder] = [
        str(Path(name).parent)
        for name, kept in content.items()
        if Path(name).name == "plan.json" and all(kept[key] == plan[key] for key in deciding)
    ]
    return [
        Result(**kept)
        for name, kept in content.items()
        if str(Path(name).parent) == folder and Path(name).name != "plan.json"
    ]


def claims_block() -> str:
    """Return what became of every claim."""
    from omnipersona.bench.omnip.claims import alignment_line, claims_table, findings

    found = findings(_results())
    return f"{claims_table(found)}\n\n{alignment_line(_results())}"


def claims_file(_: str) -> str:
    """Return the file that a comparison writes beside its report."""
    return claims_block() + "\n"


def report(page: str) -> str:
    """Return OmniPBench's report with what is said of its figures now."""
    from omnipersona.bench.omnip.claims import findings
    from omnipersona.bench.omnip.report import said_anew

    return said_anew(page, _found("figures"), findings(_results()))


def paper_block() -> str:
    """Return the paper's figures beside ours."""
    from omnipersona.bench.omnip.paper import paper_table

    return paper_table(_found("figures"))


def alignment_block() -> str:
    """Return what a concept in play does to how prompts are followed, over many of them."""
    return (RESULTS / "alignment.md").read_text(encoding="utf-8").strip().splitlines()[-1]


def sweep_block(setting: str) -> Callable[[], str]:
    """Return what makes the table of a sweep."""
    return lambda: _table(f"sweep-{setting}", SWEPT)


SETTINGS = ("tokens", "steps", "preset", "photos", "examples")
BLOCKS: dict[str, dict[str, Callable[[], str]]] = {
    "docs/bagel.md": {"memory": memory_block},
    "docs/commands.md": {"help": help_block, "settings": settings_block},
    "docs/house.md": {"graph": graph_block, "tree": tree_block},
    "docs/omnipbench.md": {
        "figures": figures_block,
        "paper": paper_block,
        "claims": claims_block,
        "edits": edits_block,
        "alignment": alignment_block,
        **{f"{setting} sweep": sweep_block(setting) for setting in SETTINGS},
    },
}


def rendered(name: str, text: str) -> str:
    """Return a document with every block made anew."""
    for block_name, make in BLOCKS[name].items():
        start = f"<!-- {block_name}: made by scripts/docs.py -->\n"
        pattern = re.compile(rf"({start}).*?(<!-- end -->)", re.S)
        if not pattern.search(text):
            raise SystemExit(f"{name} has no block '{block_name}'.")
        block = make()
        text = pattern.sub(lambda match, block=block: f"{match[1]}{block}\n{match[2]}", text)
    return text


FILES: dict[str, Callable[[str], str]] = {
    "docs/omnipbench/claims.md": claims_file,
    "docs/omnipbench/report.html": report,
    **{name: functools.partial(rendered, name) for name in BLOCKS},
}


def main() -> None:
    """Rewrite or check."""
    for name, make in FILES.items():
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        new = make(text)
        if "--check" not in sys.argv:
            path.write_text(new, encoding="utf-8")
        elif new != text:
            raise SystemExit(f"{name} is out of step; run: python scripts/docs.py")


if __name__ == "__main__":
    main()
