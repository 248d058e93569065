"""The measurements: `bench nano`, `curve`, `omnipbench`, `speed` and `service`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from omnipersona.ui.commands.command_line import Json, fail, guarded, settings_of

bench_app = typer.Typer(help="Measurements.", no_args_is_help=True, rich_markup_mode=None)

_EXTRA: Final = ("torchmetrics", "sklearn", "httpx")
_QUICK_METHODS: Final = ("base", "text-prompt", "omnipersona", "hybrid")
_ALIGNED: Final = ("base", "omnipersona")


@bench_app.command("nano")
def bench_nano(
    context: typer.Context,
    quick: Annotated[bool, typer.Option(help="A smaller sample, within a minute.")] = False,
    seed: Annotated[int, typer.Option(help="Which sample.")] = 0,
    section: Annotated[
        list[str] | None, typer.Option(help="Only this section; may be given several times.")
    ] = None,
    sheet: Annotated[Path | None, typer.Option(help="Also draw examples to this PNG.")] = None,
    as_json: Json = False,
) -> None:
    """Measure what nano can do, on phrasings and characters it never saw."""
    with _measuring():
        from omnipersona.bench.nano import as_json as rows_as_json
        from omnipersona.bench.nano import run_nano, table
        from omnipersona.bench.sheet import contact_sheet
        from omnipersona.model.bagel.backbone import load_model
        from omnipersona.model.registry import folder_of

        name = settings_of(context).model
        model = load_model(name)
        try:
            rows = run_nano(
                model,
                quick=quick,
                seed=seed,
                sections=tuple(section or ()),
                on_progress=None if as_json else _tell,
                checkpoint=folder_of(name),
            )
            if sheet is not None:
                contact_sheet(model, seed=seed).save(sheet)
        finally:
            model.close()
    typer.echo(rows_as_json(rows) if as_json else table(rows))


@bench_app.command("curve")
def bench_curve(
    context: typer.Context,
    concepts: Annotated[int, typer.Option(min=1, help="Held-out characters per point.")] = 3,
    seed: Annotated[int, typer.Option(help="Which characters.")] = 0,
    as_json: Json = False,
) -> None:
    """Measure what a concept's tokens can do after so many seconds of learning."""
    with _measuring():
        from omnipersona.bench.curve import curve_json, curve_table, learning_curve

        name = settings_of(context).model
        points = list(learning_curve(name, concepts=concepts, seed=seed, on_progress=_tell))
    typer.echo(curve_json(points) if as_json else curve_table(points))


@bench_app.command("omnipbench")
def bench_omnipbench(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="Folder of results; a cut run goes on there.")],
    quick: Annotated[
        bool, typer.Option(help="One concept, four methods, short; claims nothing.")
    ] = False,
    concepts: Annotated[int, typer.Option(min=1, help="Held-out concepts.")] = 10,
    seeds: Annotated[int, typer.Option(min=1, help="Repetitions.")] = 3,
    method: Annotated[
        list[str] | None, typer.Option(help="Only this method; may be given several times.")
    ] = None,
    photos: Annotated[int, typer.Option(min=1, max=10, help="Photos per concept.")] = 10,
    examples: Annotated[int, typer.Option(min=0, help="In-context examples.")] = 0,
    over: Annotated[
        str | None,
        typer.Option("--sweep", help="examples, photos, preset, steps or tokens: several values."),
    ] = None,
    alignment: Annotated[
        bool, typer.Option(help="Only prompts, 100 per concept, drawn with and without it.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(help="UnifyBench, Yo'LLaVA or RAP folder of real photos, for BAGEL."),
    ] = None,
    clip: Annotated[Path | None, typer.Option(help="Folder of CLIP, for photos.")] = None,
    dino: Annotated[Path | None, typer.Option(help="Folder of DINOv2, for photos.")] = None,
    faces: Annotated[Path | None, typer.Option(help="Folder of antelopev2, for photos.")] = None,
    judge: Annotated[
        str | None, typer.Option(help="self, or the URL of a server with OpenAI's interface.")
    ] = None,
    judge_model: Annotated[str, typer.Option(help="The server's name of its model.")] = "",
    judge_key: Annotated[
        str | None,
        typer.Option(help="Of the server.", envvar="JUDGE_API_KEY", show_envvar=True),
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare methods of personalisation on held-out concepts; writes report.html."""
    with _measuring():
        from omnipersona.bench.omnip.compare import compare, ground, plan_of, sweep
        from omnipersona.bench.omnip.instruments import Sources

        preset = _ALIGNED if alignment else _QUICK_METHODS if quick else ()
        plan = plan_of(
            tuple(method or ()) or preset,
            concepts=1 if quick else concepts,
            seeds=1 if quick else seeds,
            quick=quick,
            num_photos=photos,
            num_examples=examples,
            alignment=alignment,
            data=data,
        )
        sources = Sources(
            clip=clip,
            dino=dino,
            faces=faces,
            judge=judge,
            judge_model=judge_model,
            judge_key=judge_key,
        )
        on = ground(settings_of(context).model, plan, sources)
        if over is None:
            text = compare(on, plan, out, _tell, as_json=as_json)
        else:
            text = sweep(on, plan, over, out, _tell, as_json=as_json)
    typer.echo(text)


@bench_app.command("speed")
def bench_speed(
    context: typer.Context,
    quick: Annotated[bool, typer.Option(help="A smaller model.")] = False,
    full_size: Annotated[
        int | None,
        typer.Option(help="Sides of pictures of a model of BAGEL's sizes, on a GPU.", min=16),
    ] = None,
    reference: Annotated[
        Path | None, typer.Option(help="Folder of BAGEL's published code, to compare with.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Time drawing, editing, answering and learning, and compare with a plain path."""
    with _measuring():
        from omnipersona.bench.speed import run_speed, speed_json, speed_table

        settings = settings_of(context)
        report = run_speed(
            quick=quick,
            image_size=full_size,
            weights=settings.weights,
            compiled=settings.compiled,
            reference=reference,
            on_progress=_tell,
        )
    typer.echo(speed_json(report) if as_json else speed_table(report))


@bench_app.command("service")
def bench_service(
    context: typer.Context,
    quick: Annotated[bool, typer.Option(help="Fewer repetitions and users.")] = False,
    as_json: Json = False,
) -> None:
    """Time whole turns: what is outside of the model, cancelling, learning beside, 16 users."""
    with _measuring():
        from omnipersona.bench.rows import as_json as rows_as_json
        from omnipersona.bench.rows import table
        from omnipersona.bench.service import run_service
        from omnipersona.model.bagel.backbone import load_model

        settings = settings_of(context)
        model = load_model(settings.model, weights=settings.weights)
        rows = run_service(model, quick=quick, on_progress=None if as_json else _tell)
    typer.echo(rows_as_json(rows) if as_json else table(rows))


@contextmanager
def _measuring() -> Iterator[None]:
    """Turn errors of measurements and missing packages, too, into their sentence and exit 1."""
    with guarded():
        from omnipersona.bench.errors import BenchError

        try:
            yield
        except BenchError as error:
            fail(str(error))
        except ModuleNotFoundError as error:
            if error.name not in _EXTRA:
                raise
            fail(f"The package {error.name} is missing. Install: pip install 'omnipersona[bench]'")


def _tell(text: str) -> None:
    typer.echo(text, err=True)
