"""The command that serves the assistant over HTTP."""

from typing import Annotated, Final

import typer

from omnipersona.ui.commands.command_line import fail, guarded, settings_of

_EXTRA: Final = ("sse_starlette", "prometheus_client", "fastapi_offline")


def serve(
    context: typer.Context,
    port: Annotated[int | None, typer.Option(help="Port that is listened on.")] = None,
    host: Annotated[str | None, typer.Option(help="Address that is listened on.")] = None,
) -> None:
    """Serve the assistant over HTTP for other programs, as OpenAI's clients speak it."""
    settings = settings_of(context, api_port=port, api_host=host)
    try:
        from omnipersona.serve.http import server
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        fail(f"The package {error.name} is missing. Install: pip install 'omnipersona[server]'")
    with guarded():
        try:
            server.serve(settings, lambda sentence: typer.echo(sentence, err=True))
        except (server.CannotServe, OSError) as error:
            fail(str(error))
