"""One safetensors file: its header, checked whole, and its tensors, read straight to their place.

Knows the file format. Does not know keys or models. Tensors are read in pieces into memory that
is already theirs, rather than mapped, so that reading a file costs its tensors and little more,
whatever device and type they go to.

Source: the safetensors format, https://github.com/huggingface/safetensors (Apache-2.0).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from io import FileIO
from math import prod
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from omnipersona.model.errors import WeightsError

TYPES: Final = {"F16": torch.float16, "BF16": torch.bfloat16, "F32": torch.float32}
_SIZES: Final = {"F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2}
_SIZES_OF_BYTES: Final = {"I16": 2, "U16": 2, "I8": 1, "U8": 1, "BOOL": 1}
_MAX_HEADER: Final = 100 * 2**20
_PIECE: Final = 32 * 2**20


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """Where one tensor lies in a file.

    Attributes:
        key: Its name.
        type: As the file says it, e.g. `BF16`.
        shape: Of the tensor.
        start: First byte in the file.
        num_bytes: Length.
    """

    key: str
    type: str
    shape: tuple[int, ...]
    start: int
    num_bytes: int


def read_header(path: Path) -> dict[str, Entry]:
    """Return the tensors of a safetensors file by key, in the order in which they lie.

    Raises:
        WeightsError: The file is missing, cut short, damaged, or names a tensor twice.
    """
    if not path.is_file():
        raise WeightsError(f"{path.name} is missing in {path.parent}. Fetch the folder again.")
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little") if size >= 8 else 0
        if size < 8 or not 2 <= length <= min(size - 8, _MAX_HEADER):
            raise _damaged(path, f"its header asks for {length} of {size} bytes")
        text = file.read(length)
    try:
        header = json.loads(text, object_pairs_hook=_without_duplicates)
        header.pop("__metadata__", None)
        entries = [_entry(key, value, 8 + length) for key, value in header.items()]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(path, f"its header cannot be read: {error}") from error
    entries.sort(key=lambda entry: (entry.start, entry.num_bytes))
    _check_extent(path, entries, 8 + length, size)
    return {entry.key: entry for entry in entries}


def _damaged(path: Path, reason: str) -> WeightsError:
    return WeightsError(f"{path} is no whole safetensors file ({reason}). Fetch it again.")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for i, key in enumerate(keys) if key in keys[:i])
        raise ValueError(f"it names '{twice}' twice")
    return found


def _entry(key: str, value: dict[str, Any], base: int) -> Entry:
    kind, shape = value["dtype"], tuple(int(side) for side in value["shape"])
    start, end = (int(offset) for offset in value["data_offsets"])
    size = _SIZES.get(kind, _SIZES_OF_BYTES.get(kind))
    if min(shape, default=0) < 0 or not 0 <= start <= end:
        raise ValueError(f"'{key}' has shape {shape} from byte {start} to {end}")
    if size is not None and end - start != prod(shape) * size:
        raise ValueError(f"'{key}' of shape {shape} in {kind} does not fill {end - start} bytes")
    return Entry(key=key, type=kind, shape=shape, start=base + start, num_bytes=end - start)


def _check_extent(path: Path, entries: Sequence[Entry], start: int, size: int) -> None:
    """Refuse files whose tensors overlap, leave gaps or go beyond the end."""
    end = start
    for entry in entries:
        if entry.start != end:
            raise _damaged(path, f"'{entry.key}' begins at byte {entry.start}, not at {end}")
        end += entry.num_bytes
    if end != size:
        raise _damaged(path, f"it has {size} bytes; its tensors need {end}")


def read_tensor(file: FileIO, entry: Entry, *, device: str, dtype: torch.dtype) -> Tensor:
    """Return a tensor at its device and type.

    Args:
        file: The open file of the entry.
        entry: Of a type in `TYPES`.
        device: Where it goes.
        dtype: What it becomes.

    Raises:
        WeightsError: There is no room, or the file is shorter than when its header was read.
    """
    target = _room(entry, device, dtype)
    flat, source = target.view(-1), TYPES[entry.type]
    file.seek(entry.start)
    if flat.device.type == "cpu" and dtype == source:
        _fill(file, flat, entry)
        return target
    step = _PIECE // source.itemsize
    piece = torch.empty(min(step, flat.numel()), dtype=source)
    for first in range(0, flat.numel(), step):
        part = flat[first : first + step]
        _fill(file, piece[: part.numel()], entry)
        part.copy_(piece[: part.numel()])
    return target


def _room(entry: Entry, device: str, dtype: torch.dtype) -> Tensor:
    try:
        return torch.empty(entry.shape, dtype=dtype, device=device)
    except RuntimeError as error:
        raise WeightsError(
            f"'{entry.key}' needs {prod(entry.shape) * dtype.itemsize} bytes that {device} cannot "
            f"give ({error}). Choose a smaller type or another device; `omnipersona doctor` says "
            "what fits."
        ) from error


def _fill(file: FileIO, flat: Tensor, entry: Entry) -> None:
    if not flat.numel():
        return
    rest = flat.view(torch.uint8).numpy().data
    while rest.nbytes:
        count = file.readinto(rest)
        if not count:
            raise _damaged(Path(str(file.name)), f"it ends inside '{entry.key}'")
        rest = rest[count:]
