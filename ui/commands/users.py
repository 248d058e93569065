"""Commands on people: add, list and remove logins; forget someone altogether."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from omnipersona.accounts.keys import ApiKeys
from omnipersona.accounts.passwords import Logins, PasswordRefused
from omnipersona.ui.commands.command_line import Json, fail, guarded, settings_of

users_app = typer.Typer(
    help="People: logins with a password, and forgetting someone.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Name = Annotated[str, typer.Argument(help="What they log in as.")]


@users_app.command("add")
def add_user(context: typer.Context, name: Name) -> None:
    """Give someone a password, or a new one; it is asked for."""
    from omnipersona.agent.users import is_usable_user

    if not is_usable_user(name):
        fail(f"{name!r} cannot be a name; it must be visible characters.")
    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    try:
        _logins(context).put(name, password)
    except (PasswordRefused, OSError, ValueError) as error:
        fail(str(error))
    typer.echo(f"{name} can log in where the setting login is password.")


@users_app.command("list")
def list_users(context: typer.Context, as_json: Json = False) -> None:
    """List who has a password."""
    try:
        names = _logins(context).names()
    except (OSError, ValueError) as error:
        fail(str(error))
    if as_json:
        typer.echo(json.dumps({"users": names}))
        return
    for name in names:
        typer.echo(name)
    if not names:
        typer.echo("Nobody yet. Add someone: omnipersona users add NAME")


@users_app.command("remove")
def remove_user(context: typer.Context, name: Name) -> None:
    """Take someone's password away; what they taught stays."""
    try:
        had_one = _logins(context).remove(name)
    except (OSError, ValueError) as error:
        fail(str(error))
    if not had_one:
        fail(f"{name} has no password.")
    typer.echo(f"{name} can no longer log in.")


@users_app.command("forget")
def forget_user(
    context: typer.Context,
    name: Name,
    is_sure: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Delete everything of a person, login and key included; print a receipt."""
    if not is_sure:
        typer.confirm(f"Delete everything that is known of and by {name}, for good?", abort=True)
    settings = settings_of(context)
    with guarded():
        from omnipersona.agent.users import forget_user as forget

        receipt = forget(settings, name)
        _logins(context).remove(name)
        ApiKeys(settings.data).remove(name)
    if as_json:
        typer.echo(json.dumps(asdict(receipt)))
        return
    typer.echo(
        f"Forgotten {name}: {receipt.concepts} concepts, {receipt.facts} facts, {receipt.photos} "
        f"photos, {receipt.drawings} drawings, {len(receipt.sha256s)} files and every conversation."
    )


def _logins(context: typer.Context) -> Logins:
    with guarded():
        return Logins(settings_of(context).data)
