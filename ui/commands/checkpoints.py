"""Commands on checkpoints: list, get, check, and the doctor that says what fits.

Knows the models folder below the data folder. Does not load weights; what is imported is imported
when a command runs.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from omnipersona.ui.commands.command_line import Json, fail, guarded, settings_of

if TYPE_CHECKING:
    from omnipersona.model.bagel.checkpoint.inspect import CheckpointReport

models_app = typer.Typer(
    help="Checkpoints on this machine.", no_args_is_help=True, rich_markup_mode=None
)

_NANO: Final = "nano"


def models_folder(context: typer.Context) -> Path:
    """Return where checkpoints are kept, one folder each."""
    return settings_of(context).data / "models"


def _folder_of(context: typer.Context, name_or_path: str) -> Path:
    """Return the folder of nano, of a checkpoint that was fetched, or of a path."""
    from omnipersona.model.registry import folder_of

    kept = models_folder(context) / name_or_path
    return kept if name_or_path != _NANO and kept.is_dir() else folder_of(name_or_path)


@models_app.command("list")
def list_models(context: typer.Context, as_json: Json = False) -> None:
    """List nano and the checkpoints that were fetched, with their size and state."""
    from omnipersona.model.bagel.checkpoint.published import NAME

    parent = models_folder(context)
    kept = sorted(path for path in parent.iterdir() if path.is_dir()) if parent.is_dir() else []
    rows = [_row(_NANO, _folder_of(context, _NANO)), *(_row(path.name, path) for path in kept)]
    if as_json:
        typer.echo(json.dumps({"folder": str(parent), "models": rows}))
        return
    for row in rows:
        state = "complete" if row["complete"] else f"incomplete: {row['problem']}"
        typer.echo(f"{row['name']:<16} {row['bytes'] / 1e9:8.3f} GB  {row['path']}  {state}")
    if not any(row["name"] == NAME for row in rows):
        typer.echo(f"{NAME} is not here (29 GB); get it with: omnipersona models get {NAME}")


def _row(name: str, folder: Path) -> dict[str, Any]:
    from omnipersona.model.bagel.checkpoint.inspect import check_folder
    from omnipersona.model.errors import ModelError

    problem = None
    try:
        check_folder(folder)
    except ModelError as error:
        problem = str(error)
    num_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    row: dict[str, Any] = {"name": name, "path": str(folder), "bytes": num_bytes}
    return row | {"complete": problem is None, "problem": problem}


@models_app.command()
def get(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="bagel-7b-mot.")],
    revision: Annotated[
        str | None,
        typer.Option(help="Commit, tag or branch; default: the commit that this version knows."),
    ] = None,
) -> None:
    """Download a published checkpoint (29 GB); an interrupted download goes on where it was."""
    from omnipersona.model.bagel.checkpoint import published

    if name != published.NAME:
        raise typer.BadParameter(
            f"'{name}' is not published; '{published.NAME}' is. nano is here already."
        )
    wanted = revision or published.REVISION
    # Another revision has its own folder, so that files of two are never mixed.
    suffix = "" if wanted == published.REVISION else f"@{wanted.replace('/', '-')}"
    folder = models_folder(context) / f"{name}{suffix}"
    _download(folder, wanted)
    with guarded():
        report = _checked(folder)
    typer.echo(f"{folder}: {report}")
    typer.echo(f"Use it: omnipersona --model {folder} chat")
    typer.echo(f"See first whether it fits this machine: omnipersona doctor --model {folder}")


def _download(folder: Path, revision: str) -> None:
    from huggingface_hub.utils.tqdm import disable_progress_bars

    from omnipersona.model.bagel.checkpoint.published import (
        NEEDED_FILES,
        OPTIONAL_FILES,
        REPOSITORY,
    )
    from omnipersona.ui.commands.download import (
        DownloadFailed,
        check_space,
        fetch,
        only_one,
        remote_files,
    )

    if not sys.stderr.isatty():
        disable_progress_bars()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files = remote_files(REPOSITORY, revision, NEEDED_FILES, OPTIONAL_FILES)
        with only_one(folder):
            left = check_space(folder, files)
            typer.echo(f"{REPOSITORY} at {revision}: {left / 1e9:.2f} GB to fetch", err=True)
            for file in files:
                fetch(folder, REPOSITORY, revision, file)
    except DownloadFailed as error:
        fail(str(error))
    except OSError as error:
        fail(f"{folder} cannot be written: {error.strerror or error}. Choose another with --data.")
    except KeyboardInterrupt:
        fail("Stopped. What has arrived is kept; run the command again to go on.")


def _checked(folder: Path) -> "CheckpointReport":
    from omnipersona.model.bagel.checkpoint.inspect import check_folder

    return check_folder(folder)


@models_app.command()
def check(
    context: typer.Context,
    path: Annotated[str, typer.Argument(help="A checkpoint folder, or a name that list shows.")],
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Also files and types.")] = False,
    as_json: Json = False,
) -> None:
    """Verify every key, shape and type and the tokenizer, without loading; exit 1 if any fails."""
    with guarded():
        report = _checked(_folder_of(context, path))
    if as_json:
        typer.echo(json.dumps(asdict(report) | {"folder": str(report.folder)}))
        return
    typer.echo(f"{report.folder} is complete: {report}")
    if not verbose:
        return
    for name, num_bytes in sorted(report.files.items()):
        typer.echo(f"  {name}: {num_bytes} bytes")
    for kind, count in sorted(report.dtypes.items()):
        typer.echo(f"  {kind}: {count} tensors")
    for key in report.recomputed:
        typer.echo(f"  {key}: there, and made anew when loading")


def doctor(
    context: typer.Context,
    model: Annotated[
        str | None, typer.Option(help="nano, or a checkpoint folder, instead of the setting.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what is missing or does not fit, memory included, and the command that mends it."""
    from omnipersona.ui.commands.doctor import examine

    if model is not None:
        context.obj = {**context.obj, "model": model}
    findings = examine(settings_of(context))
    if as_json:
        typer.echo(json.dumps({"findings": [f.as_dict() for f in findings]}))
    else:
        for finding in findings:
            typer.echo(f"{'ok  ' if finding.ok else 'FAIL'} {finding.name}: {finding.text}")
    if not all(finding.ok for finding in findings):
        fail("Something is missing or does not fit; the lines above say how to mend it.")
