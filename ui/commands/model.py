"""Commands on the model itself: bench, parity, pretrain, config.

The only commands that reach below the session; what they need is imported when they run.
"""

import json
import logging
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from omnipersona.ui.commands.bench import bench_app
from omnipersona.ui.commands.command_line import Json, guarded

_FOREVER: Final = 10**9


def add_model_commands(app: typer.Typer) -> None:
    """Add the commands of this file to the command line."""
    app.add_typer(bench_app, name="bench")
    for command in (parity, pretrain, config):
        app.command()(command)


def parity(
    folder: Annotated[Path, typer.Argument(help="A checkpoint with parity vectors.")],
    precision: Annotated[
        Literal["float32", "bfloat16", "int8", "float8", "nf4"],
        typer.Option(help="Of the weights; coarser ones are compared by relative error."),
    ] = "float32",
    as_json: Json = False,
) -> None:
    """Compare the architecture with parity vectors; exit 1 if any fails."""
    with guarded():
        from omnipersona.model.bagel.parity.cases import compare

        rows: list[dict[str, Any]] = []
        for one in compare(folder, precision):
            row = {"name": one.name, "error": one.error, "tolerance": one.tolerance, "ok": one.ok}
            rows.append(row)
            if not as_json:
                verdict = "ok" if one.ok else "FAILED"
                typer.echo(f"{one.name:<70} {one.error:.3g} <= {one.tolerance:.3g}  {verdict}")
    failed = sum(not row["ok"] for row in rows)
    summary = f"{len(rows)} vectors, {len(rows) - failed} ok, {failed} failed"
    typer.echo(json.dumps({"rows": rows, "failed": failed}) if as_json else summary)
    if failed or not rows:
        raise typer.Exit(1)


def pretrain(
    state: Annotated[
        Path | None, typer.Option(help="Folder of the training state; default: the user's cache.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Checkpoint folder to write.")] = Path("nano"),
    minutes: Annotated[float | None, typer.Option(help="Stop the network after this.")] = None,
    steps: Annotated[int | None, typer.Option(help="Stop the network at this step.")] = None,
    recipe: Annotated[Path | None, typer.Option(help="Another recipe.toml.")] = None,
    start: Annotated[
        Path | None, typer.Option(help="Begin from this checkpoint where the state is empty.")
    ] = None,
    processes: Annotated[
        int, typer.Option(help="Processes that train together; one per idle core.", min=1)
    ] = 1,
    cooldown: Annotated[
        int, typer.Option(help="Let the rate fall over this many steps, then stop.", min=0)
    ] = 0,
    device: Annotated[
        Literal["cpu", "cuda"], typer.Option(help="Where the network learns.")
    ] = "cpu",
    makers: Annotated[
        int, typer.Option(help="Processes that draw samples ahead, for a GPU.", min=0)
    ] = 0,
) -> None:
    """Make nano again from its recipe; an interrupted run goes on where it was."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    with guarded():
        import platformdirs

        from omnipersona.training.build import build_nano
        from omnipersona.training.recipe import RECIPE, read_recipe

        build_nano(
            read_recipe(recipe or RECIPE),
            state or platformdirs.user_cache_path("omnipersona") / "pretrain",
            out,
            until=steps or _FOREVER,
            seconds=(minutes or _FOREVER) * 60.0,
            start=start,
            processes=processes,
            cooldown=cooldown,
            device=device,
            makers=makers,
        )


def config(context: typer.Context, as_json: Json = False) -> None:
    """Print every setting and where its value comes from."""
    from omnipersona.agent.settings import sources

    with guarded():
        rows = sources(**context.obj)
    if as_json:
        typer.echo(json.dumps({name: {"value": str(v), "source": s} for name, v, s in rows}))
        return
    for name, value, source in rows:
        typer.echo(f"{name} = {value}  ({source})")
