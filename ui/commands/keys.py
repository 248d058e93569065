"""Commands on the keys of programs that come in over HTTP: add, list, remove."""

import json
from typing import Annotated

import typer

from omnipersona.accounts.keys import ApiKeys
from omnipersona.ui.commands.command_line import Json, fail, guarded, settings_of

keys_app = typer.Typer(
    help="Keys of programs that come in over HTTP.", no_args_is_help=True, rich_markup_mode=None
)

Name = Annotated[str, typer.Argument(help="Whose memory the key opens.")]


@keys_app.command("add")
def add_key(context: typer.Context, name: Name) -> None:
    """Make a key for someone, in place of one they had; it is shown once."""
    from omnipersona.agent.users import is_usable_user

    if not is_usable_user(name):
        fail(f"{name!r} cannot be a name; it must be visible characters.")
    try:
        key = _keys(context).add(name)
    except (OSError, ValueError) as error:
        fail(str(error))
    typer.echo(key)
    typer.echo(f"This is the key of {name}. It is kept as a hash: write it down now.", err=True)


@keys_app.command("list")
def list_keys(context: typer.Context, as_json: Json = False) -> None:
    """List who has a key."""
    try:
        names = _keys(context).names()
    except (OSError, ValueError) as error:
        fail(str(error))
    if as_json:
        typer.echo(json.dumps({"keys": names}))
        return
    for name in names:
        typer.echo(name)
    if not names:
        typer.echo("Nobody yet. Make one: omnipersona keys add NAME")


@keys_app.command("remove")
def remove_key(context: typer.Context, name: Name) -> None:
    """Take someone's key away; what they taught stays."""
    try:
        had_one = _keys(context).remove(name)
    except (OSError, ValueError) as error:
        fail(str(error))
    if not had_one:
        fail(f"{name} has no key.")
    typer.echo(f"The key of {name} opens nothing any more.")


def _keys(context: typer.Context) -> ApiKeys:
    with guarded():
        return ApiKeys(settings_of(context).data)
