"""`learn-file`: a lesson that ends in a token file and touches nobody's memory.

On several GPUs: `torchrun --no-python --nproc-per-node N omnipersona learn-file ...`. Every process
holds the model and learns the same tokens from samples of its own.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from omnipersona.model.contract import ConceptFile, Fact, File, LearnEvent, LearnRequest, Preset
from omnipersona.ui.commands.command_line import fail, guarded, read_files, settings_of, write_file

if TYPE_CHECKING:
    from omnipersona.model.bagel.pipeline import Pipeline
    from omnipersona.model.engine.distributed import Team

_TOLD_STEPS: Final = 50


def learn_file(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What it is called.")],
    photos: Annotated[list[Path], typer.Argument(help="One to ten photos of it.")],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help="The token file, or the one to go on with."),
    ],
    kind: Annotated[str | None, typer.Option(help="Its noun, e.g. dog.")] = None,
    fact: Annotated[
        list[str] | None, typer.Option(help="ATTRIBUTE=VALUE, e.g. toy='a red ball'.")
    ] = None,
    preset: Annotated[Preset | None, typer.Option(help="Length of the lesson.")] = None,
) -> None:
    """Learn a concept into a file, with all processes of a launcher."""
    settings = settings_of(context)
    pictures = read_files(photos)
    start = read_files([output])[0] if output.exists() else None
    with guarded():
        from omnipersona.agent.lesson import clean_photos
        from omnipersona.model.bagel.backbone import load_pipeline
        from omnipersona.model.engine.distributed import joined_team

        with joined_team() as team:
            pipeline, _ = load_pipeline(settings.model, weights=settings.weights)
            request = LearnRequest(
                name=name,
                kind=kind,
                photos=File.each(clean_photos(pictures)),
                facts=tuple(map(_fact, fact or ())),
                preset=preset or pipeline.config.lesson,
                start=None if start is None else ConceptFile.of(start),
            )
            _learn(pipeline, request, output, team)


def _learn(pipeline: "Pipeline", request: LearnRequest, output: Path, team: "Team") -> None:
    from omnipersona.model.bagel.concept_training.trainer import PRESETS, learn_batch

    for event in learn_batch(pipeline, [request], PRESETS[request.preset], team):
        if not team.leads:
            continue
        if isinstance(event, list):
            write_file(output, event[0].whole)
            typer.echo(f"{output} is complete; take it in with `omnipersona concepts import`.")
            continue
        if event.saved is not None:
            write_file(output, event.saved.whole)
        if event.step and event.step % _TOLD_STEPS == 0:
            typer.echo(_told(event), err=True)


def _told(event: LearnEvent) -> str:
    losses = f"text {event.loss_text:.3f}, flow {event.loss_flow:.3f}"
    return f"step {event.step} of {event.num_steps}: {losses}"


def _fact(text: str) -> Fact:
    attribute, equals, value = text.partition("=")
    if not equals:
        fail(f"The fact {text!r} has no attribute; write it as ATTRIBUTE=VALUE.")
    return Fact(attribute=attribute.strip(), value=value.strip())
