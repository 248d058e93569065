"""Commands on the user's concepts: list, show, export, import, teach, forget."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from omnipersona.ui.commands.command_line import (
    Json,
    fail,
    guarded,
    read_files,
    settings_of,
    write_file,
)

if TYPE_CHECKING:
    from omnipersona.agent.assistant import Assistant
    from omnipersona.agent.lesson import Lesson
    from omnipersona.bench.datasets.form import Concept
    from omnipersona.tools.concept_service import ConceptView

concepts_app = typer.Typer(help="Your concepts.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help="The concept's name, with or without < >.")]


def _with_session(
    context: typer.Context, work: Callable[["Assistant", str], Awaitable[Any]]
) -> Any:
    settings = settings_of(context)

    async def opened() -> Any:
        from omnipersona.agent.assistant import Assistant

        session = await Assistant.open(settings)
        try:
            return await work(session, settings.user)
        finally:
            await session.close()

    with guarded():
        return asyncio.run(opened())


@concepts_app.command("list")
def list_concepts(context: typer.Context, as_json: Json = False) -> None:
    """List what the assistant knows."""
    views = _with_session(context, lambda session, user: session.concepts(user))
    if as_json:
        typer.echo(json.dumps({"concepts": [asdict(view) for view in views]}))
        return
    for view in views:
        typer.echo(_line(view))
    if not views:
        typer.echo("Nothing yet. Teach something: omnipersona learn NAME PHOTO...")


@concepts_app.command()
def show(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Show one concept with its facts."""
    view = _with_session(context, lambda session, user: session.concept_card(user, name))
    if as_json:
        typer.echo(json.dumps(asdict(view)))
        return
    typer.echo(_line(view))
    for fact in view.facts:
        typer.echo(f"  {fact}")


@concepts_app.command("export")
def export(
    context: typer.Context,
    name: Name,
    output: Annotated[Path, typer.Argument(help="Where the file (ZIP) goes.")],
) -> None:
    """Write a concept with its facts and photos to a file."""
    data = _with_session(context, lambda session, user: session.export_concept(user, name))
    write_file(output, data)
    typer.echo(f"<{name.strip('<>')}> was written to {output} ({len(data)} bytes).")


@concepts_app.command("import")
def import_(
    context: typer.Context,
    name: Name,
    file: Annotated[Path, typer.Argument(help="A file made by export.")],
    kind: Annotated[str | None, typer.Option(help="Its noun, e.g. dog.")] = None,
    consent: Annotated[bool, typer.Option(help="A person agrees to be known.")] = False,
) -> None:
    """Add a concept from a file."""
    [data] = read_files([file])
    view = _with_session(
        context,
        lambda session, user: session.import_concept(user, name, data, kind, consent=consent),
    )
    typer.echo(f"I know <{view.name}> now.")


@concepts_app.command("teach")
def teach(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Of UnifyBench, Yo'LLaVA or RAP.")],
    consent: Annotated[bool, typer.Option(help="The people in it agree to be learned.")] = False,
) -> None:
    """Learn every concept of a data set from its photos and sentences, one after the other."""
    from omnipersona.bench.datasets.layouts import read_dataset
    from omnipersona.bench.errors import BenchError

    user = settings_of(context).user
    try:
        lessons = [_lesson(user, one, consent) for one in read_dataset(folder).concepts]
    except BenchError as error:
        fail(str(error))

    async def taught(session: "Assistant", user: str) -> bool:
        known = {view.name.casefold() for view in await session.concepts(user)}
        new = [lesson for lesson in lessons if lesson.name.casefold() not in known]
        is_learned = [await _taught(session, lesson) for lesson in new]
        typer.echo(f"{sum(is_learned)} learned, {len(lessons) - len(new)} known before.")
        return all(is_learned)

    if not _with_session(context, taught):
        raise typer.Exit(1)


def _lesson(user: str, concept: "Concept", consent: bool) -> "Lesson":
    from omnipersona.agent.lesson import Lesson
    from omnipersona.bench.datasets.form import SLOT

    said = (concept.description, *concept.facts) if concept.description else concept.facts
    return Lesson(
        user_id=user,
        name=concept.name,
        pictures=tuple(photo.png() for photo in concept.training_photos),
        kind=concept.kind,
        facts=tuple(text.replace(SLOT, f"<{concept.name}>") for text in said),
        consent=consent,
    )


async def _taught(session: "Assistant", lesson: "Lesson") -> bool:
    """Teach one concept and wait; say what came of it, and return whether it was learned."""
    from omnipersona.agent.errors import EXPECTED_ERRORS

    try:
        job = await session.teach(lesson)
        *_, status = [one async for one in session.watch_learning(lesson.user_id, job.job_id)]
    except EXPECTED_ERRORS as error:
        typer.echo(f"<{lesson.name}>: {error}", err=True)
        return False
    is_learned = status.state == "ready"
    typer.echo(f"<{lesson.name}>: {'learned' if is_learned else status.message}")
    return is_learned


@concepts_app.command()
def forget(
    context: typer.Context,
    name: Name,
    drawings: Annotated[bool, typer.Option(help="Delete its drawings as well.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a concept everywhere and print a receipt."""
    if not yes:
        typer.confirm(f"Forget <{name.strip('<>')}> for good?", abort=True)
    outcome = _with_session(
        context, lambda session, user: session.forget_concept(user, name, drawings=drawings)
    )
    typer.echo(outcome.text)


def _line(view: "ConceptView") -> str:
    kind = f" ({view.kind})" if view.kind else ""
    state = view.learning or ("learned" if view.has_tokens else "not learned yet")
    return f"<{view.name}>{kind}: {state}, {view.num_photos} photos, {len(view.facts)} facts"
