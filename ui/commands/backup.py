"""Commands on the whole data folder: backup, restore."""

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
    typer.echo(
        f"{count} files of {settings.data} are in {file}. Keep it as safe as the folder itself."
    )


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A backup.")],
) -> None:
    """Make the data folder from a backup; it must not hold a memory yet."""
    settings = settings_of(context)
    with guarded():
        from omnipersona.agent.backup import restore as make

        count = make(file, settings)
    typer.echo(f"{count} files are back in {settings.data}.")
