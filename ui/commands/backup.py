"""Commands on a whole memory: backup, restore."""

from pathlib import Path
from typing import Annotated

import typer

from omnipersona.ui.commands.command_line import guarded, settings_of


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Where the backup (ZIP) goes.")],
) -> None:
    """Write everything that is known into one file; the page must not be running."""
    settings = settings_of(context)
    with guarded():
        from omnipersona.agent.backup import back_up

        count = back_up(settings, file)
    typer.echo(f"Everything is in {file} ({count} parts). Keep it as safe as the memory itself.")


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A backup.")],
) -> None:
    """Make a memory from a backup; where it is made there must be none yet."""
    settings = settings_of(context)
    with guarded():
        from omnipersona.agent.backup import restore as make

        count = make(file, settings)
    typer.echo(f"Everything is back ({count} parts).")
