"""`mcp`: the assistant as tools for another program, over this process's pipes."""

import asyncio

import typer

from omnipersona.ui.commands.command_line import guarded, settings_of


def mcp(context: typer.Context) -> None:
    """Offer the assistant's tools to a program that speaks the Model Context Protocol."""
    settings = settings_of(context)
    with guarded():
        from omnipersona.serve.mcp.pipes import serve_pipes

        asyncio.run(serve_pipes(settings))
