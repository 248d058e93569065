"""A data set's folder: its JSON files and pictures, and nothing outside it.

Paths written in a data set often come from the machine that made it, so a path may be cut at a
known folder name; whatever it says, a file outside the folder is never opened. Pictures are decoded
when asked for. Does not know what any layout means.
"""

import io
import json
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from PIL import Image

from omnipersona.bench.errors import BenchError
from omnipersona.store.errors import PictureRejected
from omnipersona.store.image_sanitizer import clean_picture

_SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".webp"})
_MASK: Final = "mask"
_MAX_BYTES: Final = 100_000_000
_NUMBERS: Final = re.compile(r"(\d+)")


class DatasetError(BenchError):
    """A data set is not laid out as its reader expects; the text says where and what to do."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture on disk; opened when asked, not before."""

    path: Path

    def png(self) -> bytes:
        """Return the picture as PNG bytes: upright, RGB on white, no metadata, sides <= 2048.

        Raises: DatasetError: the file is gone, or no picture that can be read safely.
        """
        try:
            return clean_picture(self.path.read_bytes(), max_bytes=_MAX_BYTES).png
        except PictureRejected as error:
            raise DatasetError(f"{self.path}: {error}") from error
        except OSError as error:
            raise DatasetError(f"{self.path} cannot be opened ({error.strerror}).") from error

    def open(self) -> Image.Image:
        """Return the picture decoded, as `png` would write it."""
        return Image.open(io.BytesIO(self.png())).convert("RGB")


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One value of a JSON file, with the file and the field that it stands in."""

    file: Path
    field: str
    value: object

    def wrong(self, expected: str) -> DatasetError:
        """Return an error that says what was expected here and what was found."""
        found = json.dumps(self.value, ensure_ascii=True)
        found = found if len(found) <= 80 else f"{found[:77]}..."
        where = f"field {self.field}" if self.field else "the whole file"
        return DatasetError(f"{self.file}: {where} is {found}; expected {expected}.")

    def text(self) -> str:
        """Return a text that is not empty, without blanks around it."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.wrong("a text")
        return self.value.strip()

    def number(self) -> int:
        """Return a whole number of at least 0, which may be written as text."""
        value = self.value
        if isinstance(value, str) and value.isdecimal():
            return int(value)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self.wrong("a whole number of at least 0")
        return value

    def elements(self) -> list["Node"]:
        """Return the elements of a list."""
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        return [self._inner(f"[{i}]", one) for i, one in enumerate(self.value)]

    def entries(self) -> dict[str, "Node"]:
        """Return the entries of an object."""
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        return {key: self._inner(f".{key}", one) for key, one in self.value.items()}

    def child(self, key: str) -> "Node":
        """Return the entry `key` of an object, which must be there."""
        found = self.entries().get(key)
        if found is None:
            raise self.wrong(f"an object with the field '{key}'")
        return found

    def texts(self) -> tuple[str, ...]:
        """Return the elements of a list of texts."""
        return tuple(one.text() for one in self.elements())

    def _inner(self, step: str, value: object) -> "Node":
        return Node(file=self.file, field=f"{self.field}{step}".lstrip("."), value=value)


@dataclass(frozen=True, slots=True)
class Folder:
    """The root of a data set."""

    root: Path

    def json(self, relative: str) -> Node:
        """Return the content of a JSON file, which must be there."""
        path = self._inside(self.root / relative, relative)
        if not path.is_file():
            raise DatasetError(f"{path} is missing; expected a JSON file.")
        try:
            return Node(file=path, field="", value=json.loads(path.read_text(encoding="utf-8")))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise DatasetError(f"{path} is no valid JSON ({error}).") from error

    def has(self, relative: str) -> bool:
        """Say whether a file or folder is there."""
        return (self.root / relative).exists()

    def names(self, relative: str) -> tuple[str, ...]:
        """Return the names of the folders in a folder, sorted; hidden ones are left out."""
        path = self.root / relative
        if not path.is_dir():
            raise DatasetError(f"{path} is missing; expected a folder.")
        return tuple(sorted(p.name for p in path.iterdir() if p.is_dir() and p.name[0] != "."))

    def photos(self, relative: str) -> tuple[Photo, ...]:
        """Return the pictures directly in a folder by number and name; masks are left out.

        A folder that is missing holds none.
        """
        path = self.root / relative
        if not path.is_dir():
            return ()
        found = [
            self._inside(one, one.name)
            for one in sorted(path.iterdir(), key=_natural)
            if one.suffix.lower() in _SUFFIXES and _MASK not in one.name and one.name[0] != "."
        ]
        return tuple(Photo(one) for one in found if one.is_file())

    def some_photos(self, relative: str) -> tuple[Photo, ...]:
        """Return the pictures of a folder that must hold one at least."""
        found = self.photos(relative)
        if not found:
            raise DatasetError(
                f"{self.root / relative} holds no picture; expected 0.png, 1.png and so on."
            )
        return found

    def written(self, node: Node, anchors: tuple[str, ...]) -> Photo:
        """Return the picture that a JSON field names.

        Args:
            node: A path: relative to the root, or one that leads through an anchor.
            anchors: Names in the root; a path counts from the first of them on if it leads nowhere
                as it is.

        Raises: DatasetError: the path leaves the folder, or no such file is there.
        """
        text = node.text().replace("\\", "/")
        parts = PurePosixPath(text).parts
        if ".." in parts:
            raise node.wrong(f"a path inside {self.root}, without '..'")
        is_absolute = text.startswith("/") or parts[0].endswith(":")
        tails = [] if is_absolute else [parts]
        tails += [parts[i:] for i, part in enumerate(parts) if part in anchors]
        for tail in tails:
            path = self._inside(self.root.joinpath(*tail), node.field)
            if path.is_file():
                return Photo(path)
        raise node.wrong(f"the path of a picture inside {self.root}")

    def _inside(self, path: Path, name: str) -> Path:
        if not path.resolve().is_relative_to(self.root.resolve()):
            raise DatasetError(
                f"{name} leads to {path.resolve()}, outside {self.root}; only files inside the "
                "data set are read. Copy it there."
            )
        return path


def _natural(path: Path) -> list[tuple[int, str]]:
    """Order names by the numbers in them: 2.png before 10.png."""
    parts = _NUMBERS.split(path.name)
    return [(int(part), "") if i % 2 else (-1, part) for i, part in enumerate(parts)]
