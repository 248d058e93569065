"""Edits of rendered scenes by held-out instructions: is the change there, and does the rest stay?

The asked change is compared with the truth; every other trait with what the reader reads in the
true target, so that a misreading of the reader is not held against the model. Looks that an
instruction leaves open are not judged.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image

from omnipersona.bench.asking import Asker
from omnipersona.bench.drawings import named_looks
from omnipersona.bench.fidelity import psnr, reconstructed, unchanged_region
from omnipersona.bench.reader import Reader
from omnipersona.bench.rows import Row, Tally, median_row
from omnipersona.bench.sample import Section, within
from omnipersona.bench.traits import (
    Reading,
    of_figure,
    place_of_figure,
    traits_of_figure,
    truth,
)
from omnipersona.model.bagel.vae import Autoencoder
from omnipersona.training.corpus.edits import EDIT_KINDS, Edit, sample_edit
from omnipersona.training.world.render import render
from omnipersona.training.world.scene import sample_identity, sample_scene

_GOAL: Final = 0.9


@dataclass(frozen=True, slots=True)
class Demand:
    """What an edit asks for: traits that must be true, and traits that must stay."""

    asked: tuple[str, ...]
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the asked change is there and whether the rest stays."""

    changed: bool
    kept: bool

    @property
    def is_done(self) -> bool:
        """Both."""
        return self.changed and self.kept


def demand_of(edit: Edit) -> Demand:
    """Return what is judged about an edit."""
    if edit.kind in ("add", "replace"):
        asked, left_open = _new_figure(edit)
    elif edit.figure is None or edit.kind == "remove":
        fixed = {"remove": ("count",), "background": ("place",)}
        asked, left_open = fixed.get(edit.kind, ("object", "object color")), ()
    else:
        index = place_of_figure(edit.target, edit.figure)
        traits = ("color",) if edit.kind == "recolor" else ("accessory", "accessory color")
        asked, left_open = tuple(of_figure(trait, index) for trait in traits), ()
    kept = tuple(t for t in truth(edit.target) if t not in asked and t not in left_open)
    return Demand(asked=asked, kept=kept)


def _new_figure(edit: Edit) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the asked and the open traits of an edit that brings a new character."""
    assert edit.figure is not None, "adding and replacing are about a figure"
    index = place_of_figure(edit.target, edit.figure)
    looks = named_looks(edit.target.figures[edit.figure].identity, edit.instruction.lower())
    asked = ("count", *(of_figure(trait, index) for trait, named in looks.items() if named))
    left_open = [of_figure(trait, index) for trait, named in looks.items() if not named]
    if edit.kind == "add":
        left_open += [t for t in traits_of_figure(index) if t not in asked]
    return asked, tuple(left_open)


def judge_edit(edit: Edit, result: Reading, target: Reading) -> Verdict:
    """Judge a result by its reading and that of the true target."""
    true, demand = truth(edit.target), demand_of(edit)
    return Verdict(
        changed=all(result.get(trait) == true[trait] for trait in demand.asked),
        kept=all(result.get(trait) == target.get(trait) for trait in demand.kept),
    )


def is_a_change(edit: Edit) -> bool:
    """Return whether the source does not fulfil already what is asked."""
    before, after = truth(edit.source), truth(edit.target)
    return any(before.get(trait) != after[trait] for trait in demand_of(edit).asked)


def sample_item(seed: int, kind: str, i: int) -> Edit:
    """Return edit `i` of a kind, in held-out words; its source does not fulfil it already."""
    rng = random.Random(f"{seed} edit {kind} {i}")
    while True:
        identities = [sample_identity(rng) for _ in range(rng.choices((1, 2), (0.7, 0.3))[0])]
        edit = sample_edit(sample_scene(rng, identities), {}, rng, "held_out", kind)
        if edit is not None and is_a_change(edit):
            return edit


def judge_edits(
    items: Sequence[Edit], images: Sequence[Image.Image], reader: Reader, size: int
) -> tuple[Tally, Tally, Tally]:
    """Return by kind what is done, what is changed and what is kept."""
    done, changed, kept = Tally(), Tally(), Tally()
    targets = reader.read([render(edit.target, size) for edit in items])
    for edit, result, target in zip(items, reader.read(images), targets, strict=True):
        verdict = judge_edit(edit, result, target)
        done.add(edit.kind, verdict.is_done)
        changed.add(edit.kind, verdict.changed)
        kept.add(edit.kind, verdict.kept)
    return done, changed, kept


def edit_rows(
    asker: Asker,
    reader: Reader,
    section: Section,
    seed: int,
    size: int,
    autoencoder: Autoencoder | None,
) -> list[Row]:
    """Edit scenes of every kind; one row per kind, and how well the untouched part is kept."""
    items: list[Edit] = []
    images: list[Image.Image] = []

    def one(i: int) -> None:
        edit = sample_item(seed, EDIT_KINDS[i % len(EDIT_KINDS)], i)
        result = asker.edit(render(edit.source, size), edit.instruction, seed=i)
        items.append(edit)
        images.append(result if result.size == (size, size) else result.resize((size, size)))

    for _ in within(section, one):
        pass
    done, changed, kept = judge_edits(items, images, reader, size)
    rows = [done.row(f"edits: {kind}", kind, _GOAL) for kind in EDIT_KINDS]
    rows += [changed.row(f"edits: {kind}, change there", kind) for kind in EDIT_KINDS]
    rows += [kept.row(f"edits: {kind}, rest kept", kind) for kind in EDIT_KINDS]
    return rows + _fidelity_rows(items, images, size, autoencoder)


def _fidelity_rows(
    items: Sequence[Edit],
    images: Sequence[Image.Image],
    size: int,
    autoencoder: Autoencoder | None,
) -> list[Row]:
    """Return the median PSNR where nothing should change, of the edits and of the autoencoder."""
    edited, own = [], []
    for edit, image in zip(items, images, strict=True):
        target = render(edit.target, size)
        where = unchanged_region(render(edit.source, size), target)
        if where is None:
            continue
        edited.append(psnr(image, target, where))
        if autoencoder is not None:
            own.append(psnr(reconstructed(autoencoder, [target])[0], target, where))
    named = (("edits: PSNR of the rest, dB", edited), ("autoencoder: the same, dB", own))
    return [median_row(name, values) for name, values in named if values]
