"""nano in a hurry, for tests where what is learned matters little."""

import json
import shutil
from pathlib import Path

from omnipersona.model.registry import NANO_FOLDER


def hasty(folder: Path, nano: Path = NANO_FOLDER) -> Path:
    """Return a copy of nano whose whole lessons are short."""
    shutil.copytree(nano, folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["omnipersona"]["lesson"] = "quick"
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder
