"""The pictures of a comparison on disk, with what was asked and the steps to them.

Knows one folder per method and concept. Does not know methods, scores or reports.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from omnipersona.bench.omnip.scores import Made

_LIST: Final = "pictures.json"


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture on disk.

    Attributes:
        asked: What was asked for.
        image: Its file.
        before: File of the picture that was edited; None where it is a drawing.
        steps: From what was asked to the picture, with their names.
    """

    asked: str
    image: Path
    before: Path | None
    steps: tuple[tuple[str, str], ...]


def keep_pictures(folder: Path, made: Mapping[str, Made]) -> None:
    """Write pictures, by what was asked, into a folder of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    listed: list[dict[str, Any]] = []
    for i, (asked, one) in enumerate(made.items()):
        files = {"image": f"{i}.png"}
        one.image.save(folder / files["image"])
        if one.before is not None:
            files["before"] = f"{i}-before.png"
            one.before.save(folder / files["before"])
        listed.append({"asked": asked, "steps": one.steps, **files})
    (folder / _LIST).write_text(json.dumps(listed) + "\n", "utf-8")


def kept_pictures(folder: Path) -> list[Kept]:
    """Return a folder's pictures in their order; none if there is no such folder."""
    path = folder / _LIST
    if not path.exists():
        return []
    return [
        Kept(
            asked=one["asked"],
            image=folder / one["image"],
            before=folder / one["before"] if "before" in one else None,
            steps=tuple((name, text) for name, text in one["steps"]),
        )
        for one in json.loads(path.read_text("utf-8"))
    ]
