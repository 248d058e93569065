"""What is to be named in the pictures of a pack, for heads that are used in training alone.

Knows plans and their segments. Does not know heads.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor

from omnipersona.model.bagel.sequence import GenImage, Sample, UndImage
from omnipersona.training.samples.plans import Plan
from omnipersona.training.world.labels import LABELS, TRAITS

LABEL_SCALE: Final = 255.0
"""Labels are shares in [0, 1]; they are kept as bytes."""


class Aim(NamedTuple):
    """Rows of a pack's pictures that have labels, (n,), and these in bytes, (n, labels)."""

    rows: Tensor
    labels: Tensor
    num_rows: int


class Aims(NamedTuple):
    """What is to be named in a pack: what is shown, what is painted, and what differs."""

    seen: Aim
    painted: Aim
    compared: Aim

    @property
    def num_named(self) -> int:
        """Cells whose contents are named."""
        return len(self.seen.rows) + len(self.painted.rows)


def aims_of(plans: Sequence[Plan], samples: Sequence[Sample]) -> Aims:
    """Return what is to be named in a pack's samples, whose labels their plans hold."""
    seen, painted, compared = _Labelled(), _Labelled(), _Labelled()
    for plan, sample in zip(plans, samples, strict=True):
        for i, segment in enumerate(sample.segments):
            if segment.dropped:
                continue
            if isinstance(segment, UndImage):
                differing = plan.compared.get(i)
                seen.add(len(segment.patches), plan.cells.get(i))
                compared.add(
                    len(segment.patches),
                    None if differing is None else differing.differences,
                    None if differing is None else differing.cells,
                )
            elif isinstance(segment, GenImage):
                painted.add(len(segment.tokens), plan.cells.get(i))
    return Aims(seen.aim(LABELS), painted.aim(LABELS), compared.aim(TRAITS))


class _Labelled:
    """Labels of the rows of several pictures; some pictures have none."""

    def __init__(self) -> None:
        self.num_rows = 0
        self.rows: list[Tensor] = []
        self.labels: list[Tensor] = []

    def add(self, count: int, labels: Tensor | None, picked: Tensor | None = None) -> None:
        """Add a picture of `count` rows; labels are of the picked ones, or of all."""
        if labels is not None:
            rows = torch.arange(count) if picked is None else picked
            self.rows.append(self.num_rows + rows)
            self.labels.append(labels)
        self.num_rows += count

    def aim(self, names: Sequence[Any]) -> Aim:
        """Return all of them; labels are called so."""
        if not self.rows:
            nothing = torch.empty(0, len(names), dtype=torch.uint8)
            return Aim(torch.empty(0, dtype=torch.long), nothing, self.num_rows)
        labels = (LABEL_SCALE * torch.cat(self.labels)).round().byte()
        return Aim(torch.cat(self.rows), labels, self.num_rows)
