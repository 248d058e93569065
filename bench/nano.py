"""Nano's abilities in one table, measured through the public model on what it never saw.

Phrasings are held out, scenes and characters are new, the truth is the scene that was drawn.
Knows the sections and their order. Does not know how any of them judges.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from omnipersona.bench.asking import Asker
from omnipersona.bench.concepts import concept_rows
from omnipersona.bench.drawings import drawing_rows
from omnipersona.bench.edits import edit_rows
from omnipersona.bench.errors import BenchError
from omnipersona.bench.fidelity import autoencoder_of, psnr, reconstructed
from omnipersona.bench.judging import (
    accuracy,
    held_out_scenes,
    reader_rows,
    shares_by_picture,
)
from omnipersona.bench.photos import foreign_rows, photo_rows
from omnipersona.bench.phrasings import phrasing_rows
from omnipersona.bench.reader import Reader, load_reader
from omnipersona.bench.rows import Row, as_json, mean_row, seconds_row, table
from omnipersona.bench.sample import FULL, QUICK, Progress, Sizes
from omnipersona.bench.texts import intent_rows, text_rows
from omnipersona.bench.two_characters import two_rows
from omnipersona.model.bagel.backbone import LocalPersonaModel
from omnipersona.model.bagel.pipeline import Pipeline
from omnipersona.model.bagel.vae import Autoencoder
from omnipersona.model.registry import NANO_FOLDER
from omnipersona.training.world.render import render

__all__ = ["Row", "as_json", "run_nano", "table"]

_PSNR: Final = 29.0
_SECONDS: Final = {"answer": 1.0, "drawing": 4.0, "edit": 6.0}


def run_nano(
    model: LocalPersonaModel,
    *,
    quick: bool,
    seed: int = 0,
    sections: Sequence[str] = (),
    on_progress: Progress | None = None,
    checkpoint: Path = NANO_FOLDER,
) -> list[Row]:
    """Measure a model of the drawn world.

    Args:
        model: What is measured; every answer comes from it.
        quick: A smaller sample that ends within a minute on two cores.
        seed: Which sample.
        sections: Names of those to measure, in the order of the table; all by default.
        on_progress: Told the name of each section as it begins.
        checkpoint: The model's folder, for its autoencoder; if it holds other weights, the rows
            on the autoencoder are left out.

    Raises: BenchError: a section is unknown.
    """
    reader, autoencoder = load_reader(), autoencoder_of(model, checkpoint)
    asker, sizes = Asker(model), QUICK if quick else FULL
    known = _sections(asker, model.pipeline, reader, autoencoder, sizes, seed)
    if unknown := set(sections) - known.keys():
        raise BenchError(
            f"There is no section named {', '.join(sorted(unknown))}; "
            f"choose among {', '.join(known)}."
        )
    rows: list[Row] = []
    for name, measure in known.items():
        if sections and name not in sections:
            continue
        if on_progress is not None:
            on_progress(name)
        rows += measure()
    timed = {"answer": asker.answers, "drawing": asker.drawings, "edit": asker.edits}
    return rows + [
        seconds_row(f"seconds per {what}", seconds, _SECONDS[what])
        for what, seconds in timed.items()
        if seconds
    ]


def _sections(
    asker: Asker,
    pipeline: Pipeline,
    reader: Reader,
    autoencoder: Autoencoder | None,
    sizes: Sizes,
    seed: int,
) -> dict[str, Callable[[], list[Row]]]:
    size = asker.model.describe().image_size
    return {
        "photo questions": lambda: photo_rows(asker, sizes.photos, seed, size),
        "foreign pictures": lambda: foreign_rows(asker, sizes.foreign, seed, size),
        "drawings": lambda: drawing_rows(asker, reader, sizes.drawings, seed),
        "two characters": lambda: two_rows(asker, reader, sizes.two_characters, seed),
        "edits": lambda: edit_rows(asker, reader, sizes.edits, seed, size, autoencoder),
        "intents": lambda: intent_rows(pipeline, sizes.intents, seed),
        "free phrasings": lambda: phrasing_rows(asker.model, sizes.phrasings),
        "text tasks": lambda: text_rows(pipeline, sizes.texts, seed),
        "learned concepts": lambda: concept_rows(asker, reader, sizes, seed, size),
        "autoencoder": lambda: _autoencoder_rows(autoencoder, reader, size, sizes.renders),
        "reader": lambda: reader_rows(reader, sizes.renders),
    }


def _autoencoder_rows(
    autoencoder: Autoencoder | None, reader: Reader, size: int, count: int
) -> list[Row]:
    """Return how well pictures survive the autoencoder, in decibels and for the reader."""
    if autoencoder is None:
        return []
    scenes = held_out_scenes(1, count)
    truths = [render(scene, size) for scene in scenes]
    images = [reconstructed(autoencoder, [true])[0] for true in truths]
    ratios = [psnr(image, true) for image, true in zip(images, truths, strict=True)]
    read = accuracy(reader, scenes, images)
    return [
        mean_row("autoencoder: PSNR, dB", ratios, _PSNR),
        mean_row("reader: all traits after the autoencoder", shares_by_picture(read)),
    ]
