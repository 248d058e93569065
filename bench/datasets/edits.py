"""Edits to ask for on the test photos of a concept, where a data set has none of its own.

One instruction for every kind of edit that nano learns as well. Does not judge the outcome.
"""

from collections.abc import Iterator
from typing import Final

from omnipersona.bench.datasets.folder import Photo
from omnipersona.bench.datasets.form import SLOT, Concept, EditItem

_ADD: Final = "add"
_INSTRUCTIONS: Final = {
    "remove": f"remove {SLOT}",
    "replace": f"replace {SLOT} with a teddy bear",
    "recolor": f"make {SLOT} blue",
    "background": f"put {SLOT} in the snow",
    "object": f"put a red ball beside {SLOT}",
    "accessory": f"put a red hat on {SLOT}",
}


def edit_items(concept: Concept, without: tuple[Photo, ...] = ()) -> Iterator[EditItem]:
    """Yield one edit of every kind for every test photo.

    Args:
        concept: Whose test photos are changed.
        without: Photos that it is not in; each is asked to have it added.
    """
    for photo in concept.test_photos:
        for kind, instruction in _INSTRUCTIONS.items():
            yield EditItem(concept=concept.name, photo=photo, instruction=instruction, kind=kind)
    for photo in without:
        yield EditItem(
            concept=concept.name, photo=photo, instruction=f"{_ADD} {SLOT} to the photo", kind=_ADD
        )
