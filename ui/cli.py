"""The command line: one turn, one plan or one lesson over the same session as the page.

Knows arguments, exit codes and how answers are printed. Exit 0: done; 1: it failed, one sentence on
stderr; 2: wrong usage. Heavy imports happen inside commands, so that `--help` is quick.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

import omnipersona
from omnipersona.ui.commands.backup import backup, restore
from omnipersona.ui.commands.checkpoints import doctor, models_app
from omnipersona.ui.commands.command_line import (
    Json,
    fail,
    guarded,
    read_files,
    settings_of,
    write_file,
)
from omnipersona.ui.commands.concepts import concepts_app
from omnipersona.ui.commands.keys import keys_app
from omnipersona.ui.commands.learn import learn_file
from omnipersona.ui.commands.mcp import mcp
from omnipersona.ui.commands.model import add_model_commands
from omnipersona.ui.commands.serve import serve as serve_command
from omnipersona.ui.commands.users import users_app

if TYPE_CHECKING:
    from omnipersona.agent.assistant import Assistant

T = TypeVar("T")

app = typer.Typer(
    name="omnipersona",
    help="A personal assistant that understands, draws and edits with your own concepts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(concepts_app, name="concepts")
app.add_typer(models_app, name="models")
app.add_typer(users_app, name="users")
app.add_typer(keys_app, name="keys")
add_model_commands(app)
app.command()(doctor)
app.command("learn-file")(learn_file)
app.command()(backup)
app.command()(restore)
app.command()(mcp)
app.command("serve")(serve_command)

Images = Annotated[list[Path] | None, typer.Option("--image", help="A picture to attach.")]


def _tell_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"omnipersona {omnipersona.__version__}")
        raise typer.Exit


@app.callback()
def main_options(
    context: typer.Context,
    model: Annotated[
        str | None, typer.Option(help="nano, or a checkpoint folder. [OMNIPERSONA_MODEL]")
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(help="full, int8, float8 or nf4, for a smaller GPU. [OMNIPERSONA_WEIGHTS]"),
    ] = None,
    spread: Annotated[
        bool | None,
        typer.Option("--spread", help="Use other GPUs and the host's memory. [OMNIPERSONA_SPREAD]"),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder of your data. [OMNIPERSONA_DATA]")
    ] = None,
    user: Annotated[
        str | None, typer.Option(help="Whose memory is used. [OMNIPERSONA_USER]")
    ] = None,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_tell_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """A personal assistant that understands, draws and edits with your own concepts."""
    context.obj = {
        "model": model,
        "weights": weights,
        "spread": spread,
        "data": data,
        "user": user,
    }


@asynccontextmanager
async def open_session(context: typer.Context, **values: Any) -> AsyncIterator["Assistant"]:
    """Open a session with the global options and close it at the end."""
    from omnipersona.agent.assistant import Assistant

    session = await Assistant.open(settings_of(context, **values))
    try:
        yield session
    finally:
        await session.close()


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work; known errors become one sentence and exit 1."""
    with guarded():
        return asyncio.run(work)


@app.command()
def chat(
    context: typer.Context,
    port: Annotated[int | None, typer.Option(help="Port of the page.")] = None,
    host: Annotated[str | None, typer.Option(help="Address that the page listens on.")] = None,
    headless: Annotated[bool, typer.Option(help="Do not open a browser.")] = False,
) -> None:
    """Open the web app."""
    from omnipersona.ui.serve import serve

    with guarded():
        serve(settings_of(context, port=port, host=host), headless=headless)


@app.command()
def ask(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="What you want, in your own words.")],
    image: Images = None,
    thread: Annotated[str, typer.Option(help="The conversation that this belongs to.")] = "cli",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Where a picture goes.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of a drawing.")] = None,
    steps: Annotated[int | None, typer.Option(help="Velocity evaluations of a drawing.")] = None,
    as_json: Json = False,
) -> None:
    """Say one thing: ask, draw, edit, teach, correct, forget."""
    pictures = read_files(image or [])

    async def one_turn() -> dict[str, Any]:
        from omnipersona.agent.turn import UserTurn

        async with open_session(context, seed=seed, steps=steps) as session:
            user = settings_of(context).user
            turn = UserTurn(user_id=user, thread_id=thread, text=text, pictures=pictures)
            answer = await _answer(session, turn, quiet=as_json)
            await _finish_learning(session, user, answer, quiet=as_json)
            return answer

    answer = run(one_turn())
    png = answer.pop("png")
    if png is not None and output is not None:
        write_file(output, png)
        answer["output"] = str(output)
    if "failed" in answer:
        fail(answer["failed"])
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False))
        return
    typer.echo(answer["text"])
    if png is not None and output is None:
        typer.echo("(A picture was made; give -o FILE.png to save it.)", err=True)


async def _answer(session: "Assistant", turn: Any, *, quiet: bool) -> dict[str, Any]:
    from omnipersona.agent.events import DrawProgress, Failed, LearningStarted, NeedInput, Reply

    answer: dict[str, Any] = {"text": "", "png": None}
    async for event in session.turn(turn):
        if isinstance(event, DrawProgress) and not quiet and sys.stderr.isatty():
            typer.echo(f"\rstep {event.step} of {event.num_steps}", nl=False, err=True)
        elif isinstance(event, LearningStarted):
            answer["learning"] = event.status.job_id
        elif isinstance(event, NeedInput):
            answer |= {"text": event.question, "needs": event.kind}
            answer |= {"choices": list(event.choices)}
        elif isinstance(event, Failed):
            answer["failed"] = event.text
        elif isinstance(event, Reply):
            answer |= {"text": event.text, **event.details}
            if event.pictures:
                answer["png"] = event.pictures[-1].png
                answer["picture_id"] = event.pictures[-1].id
    return answer


async def _finish_learning(
    session: "Assistant", user: str, answer: dict[str, Any], *, quiet: bool
) -> None:
    """Wait for a lesson that the turn began, since the process ends with the command."""
    if "learning" not in answer:
        return
    async for status in session.watch_learning(user, answer["learning"]):
        if not quiet and sys.stderr.isatty():
            typer.echo(f"\rlearning: step {status.step} of {status.num_steps} ", nl=False, err=True)
        if status.has_ended:
            answer["learned"] = status.state
            answer["text"] += f"\n{status.message}"
            if status.state == "failed":
                answer["failed"] = status.message


@app.command()
def plan(
    context: typer.Context,
    text: Annotated[str | None, typer.Argument(help="What would be asked.")] = None,
    image: Images = None,
    file: Annotated[
        Path | None, typer.Option(help="JSON lines; see the README. Touches no user data.")
    ] = None,
    thread: Annotated[str, typer.Option(help="The conversation that this belongs to.")] = "cli",
    as_json: Json = False,
) -> None:
    """Say how a message is understood, without acting."""
    if (text is None) == (file is None):
        raise typer.BadParameter("give either TEXT or --file")
    if file is not None:
        run(_plan_file(context, file))
        return
    pictures = read_files(image or [])

    async def one_plan() -> dict[str, Any]:
        from omnipersona.agent.turn import UserTurn

        async with open_session(context) as session:
            user = settings_of(context).user
            turn = UserTurn(user_id=user, thread_id=thread, text=text or "", pictures=pictures)
            return (await session.plan(turn)).as_dict()

    planned = run(one_plan())
    if as_json:
        typer.echo(json.dumps(planned, ensure_ascii=False))
        return
    for label, value in planned.items():
        if value:
            typer.echo(f"{label}: {_readable(value)}")


async def _plan_file(context: typer.Context, file: Path) -> None:
    [data] = read_files([file])
    async with open_session(context) as session:
        for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
            if not line.strip():
                continue
            try:
                planned = await session.plan_line(json.loads(line))
            except ValueError as error:
                fail(f"{file}, line {number}: {error}")
            typer.echo(json.dumps(planned, ensure_ascii=False))


def _readable(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(_readable(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{k}={v}" for k, v in value.items() if v)
    return str(value)


@app.command()
def learn(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The concept's name, with or without < >.")],
    photos: Annotated[list[Path], typer.Argument(help="One to ten photos of it.")],
    kind: Annotated[str | None, typer.Option(help="Its noun, e.g. dog.")] = None,
    fact: Annotated[
        list[str] | None, typer.Option(help="A fact in your words, e.g. 'his toy is a red ball'.")
    ] = None,
    consent: Annotated[bool, typer.Option(help="A person agrees to be learned.")] = False,
    as_json: Json = False,
) -> None:
    """Teach a concept and wait until it is learned."""
    from dataclasses import asdict

    pictures = read_files(photos)

    async def taught() -> Any:
        from omnipersona.agent.lesson import Lesson

        user = settings_of(context).user
        lesson = Lesson(
            user_id=user,
            name=name,
            pictures=pictures,
            kind=kind,
            facts=tuple(fact or ()),
            consent=consent,
        )
        async with open_session(context) as session:
            status = await session.teach(lesson)
            job_id = status.job_id
            async for status in session.watch_learning(user, job_id):
                if not as_json and sys.stderr.isatty():
                    done = f"step {status.step} of {status.num_steps}"
                    typer.echo(f"\rlearning <{status.concept_name}>: {done} ", nl=False, err=True)
            return status

    status = run(taught())
    if status.state != "ready":
        fail(status.message)
    typer.echo(json.dumps(asdict(status)) if as_json else f"I know <{status.concept_name}> now.")


def main() -> None:
    """Run the command line."""
    app()
