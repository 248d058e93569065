"""A checkpoint whose network lies in two files and an index."""

import json
import shutil
from pathlib import Path

from safetensors.torch import load_file, save_file

INDEX = "model.safetensors.index.json"
FIRST = "model-00001-of-00002.safetensors"
SECOND = "model-00002-of-00002.safetensors"


def split_in_two(source: Path, folder: Path) -> Path:
    """Copy a checkpoint to a new folder, its network in two shards; return the folder."""
    shutil.copytree(source, folder)
    tensors = load_file(folder / "ema.safetensors")
    (folder / "ema.safetensors").unlink()
    keys = sorted(tensors)
    parts = {FIRST: keys[: len(keys) // 2], SECOND: keys[len(keys) // 2 :]}
    for name, part in parts.items():
        save_file({key: tensors[key] for key in part}, folder / name)
    write_index(folder, {key: name for name, part in parts.items() for key in part})
    return folder


def write_index(folder: Path, weight_map: object) -> None:
    """Write the index of a folder."""
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
