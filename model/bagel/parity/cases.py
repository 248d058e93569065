"""All parity cases of a folder, in the order of its parts."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import torch

from omnipersona.model.bagel.parity import drawings, losses, parts
from omnipersona.model.bagel.parity.vectors import Comparison, Precision, Vectors

CASES: Final[dict[str, Callable[[Vectors], Iterator[Comparison]]]] = {
    "vit": parts.vision,
    "vae": parts.autoencoder,
    "misc": parts.time,
    "text": parts.text,
    "und": parts.understanding,
    "t2i": drawings.drawing,
    "edit": drawings.editing,
    "inter": drawings.interleaved,
    "think_t2i": drawings.thought_drawing,
    "think_edit": drawings.thought_editing,
    "think_und": parts.thought_understanding,
    "train": partial(losses.training, case="train"),
    "train2": partial(losses.training, case="train2"),
    "drop": losses.dropping,
    "sizes": parts.sizes,
    "schedule": parts.schedules,
}


def compare(folder: Path, precision: Precision = "float32") -> Iterator[Comparison]:
    """Compare the model with every vector of a folder, on the CPU.

    A case that the folder has and this list does not is an infinite error, so that nothing is
    passed over in silence.

    Raises:
        WeightsError: The folder cannot be read, or the precision needs a missing package.
    """
    vectors = Vectors.open(folder, precision)
    for name in vectors.cases:
        if name not in CASES:
            yield Comparison(name=f"{name} (unknown case)", error=float("inf"), tolerance=0.0)
            continue
        with torch.no_grad():
            comparisons = list(CASES[name](vectors))
        yield from comparisons
