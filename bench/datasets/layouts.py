"""Which layout a folder has, and its reader.

Knows the marks of each layout. The content is the readers' business.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from omnipersona.bench.datasets import rap, unifybench, yollava
from omnipersona.bench.datasets.folder import DatasetError, Folder
from omnipersona.bench.datasets.form import Dataset, Layout

_MARKS: Final[dict[Layout, tuple[str, ...]]] = {
    "unifybench": ("concept/train", "concept/test"),
    "yollava": ("train", "test"),
    "rap": (rap.DATABASE,),
}
_READERS: Final[dict[Layout, Callable[[Folder], Dataset]]] = {
    "unifybench": unifybench.read,
    "yollava": yollava.read,
    "rap": rap.read,
}


def detect_layout(path: Path) -> Layout:
    """Return the layout of a folder, or of a `database.json`; the fuller layout wins.

    Raises: DatasetError: it is none that can be read.
    """
    if path.is_file() and path.name == rap.DATABASE:
        return "rap"
    for layout, marks in _MARKS.items():
        if all((path / mark).exists() for mark in marks):
            return layout
    known = "; ".join(f"{layout}: {' and '.join(marks)}" for layout, marks in _MARKS.items())
    raise DatasetError(f"{path} has none of the layouts that can be read. Expected {known}.")


def read_dataset(path: Path) -> Dataset:
    """Read a data set of any layout.

    Raises: DatasetError: the layout is unknown, or a file or field is not as it should be.
    """
    return _READERS[detect_layout(path)](_folder(path))


def read_unifybench(path: Path) -> Dataset:
    """Read the data of UniCTokens from its root."""
    return unifybench.read(_folder(path))


def read_yollava(path: Path) -> Dataset:
    """Read Yo'LLaVA's data from the folder that holds `train` and `test`."""
    return yollava.read(_folder(path))


def read_rap(path: Path) -> Dataset:
    """Read RAP's concepts from `database.json`, or from the folder that holds it."""
    return rap.read(_folder(path))


def _folder(path: Path) -> Folder:
    root = path.parent if path.is_file() else path
    if not root.is_dir():
        raise DatasetError(f"{path} is missing; expected the folder of a data set.")
    return Folder(root)
