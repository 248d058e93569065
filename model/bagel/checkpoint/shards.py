"""Which files of a checkpoint folder hold which tensors: one file, or shards with an index.

Knows file names, indices and headers. Does not know what the keys mean. Only safetensors is
opened; files that need unpickling are refused unread.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from omnipersona.model.bagel.checkpoint.safetensors_reader import Entry, read_header
from omnipersona.model.errors import WeightsError

NETWORK: Final = "ema.safetensors"
AUTOENCODER: Final = "ae.safetensors"
_INDEX_NAMES: Final = ("ema.safetensors.index.json", "model.safetensors.index.json")
_INDEX_ENDING: Final = ".safetensors.index.json"
_PICKLES: Final = (".bin", ".pt", ".pth", ".ckpt", ".pkl")


@dataclass(frozen=True, slots=True)
class Located:
    """A tensor and the file that holds it."""

    path: Path
    entry: Entry


def network_tensors(folder: Path) -> dict[str, Located]:
    """Return every tensor of the network by published key.

    `ema.safetensors` is read as it is; an index beside it is not needed. Without it, an index
    names the shards.

    Raises:
        WeightsError: No file or index, a missing shard, a key in two shards, or an index that
            disagrees with its shards; names the first.
    """
    if (folder / NETWORK).exists():
        return _located(folder / NETWORK)
    index = _index(folder)
    if index is None:
        raise WeightsError(_no_weights(folder))
    return _sharded(folder, index)


def autoencoder_tensors(folder: Path) -> dict[str, Located]:
    """Return every tensor of the autoencoder by published key.

    Raises:
        WeightsError: The file is missing or damaged.
    """
    return _located(folder / AUTOENCODER)


def _located(path: Path) -> dict[str, Located]:
    return {key: Located(path, entry) for key, entry in read_header(path).items()}


def _no_weights(folder: Path) -> str:
    pickles = sorted(path.name for path in folder.iterdir() if path.suffix in _PICKLES)
    if pickles:
        return (
            f"{folder} holds {pickles[0]}, which would have to be unpickled and is never opened, "
            f"but no {NETWORK}. Get the safetensors files of this checkpoint."
        )
    return (
        f"{NETWORK} is missing in {folder}, and there is no index of shards "
        f"(*{_INDEX_ENDING}). Fetch the folder again."
    )


def _index(folder: Path) -> Path | None:
    for name in _INDEX_NAMES:
        if (folder / name).exists():
            return folder / name
    found = sorted(folder.glob(f"*{_INDEX_ENDING}"))
    if len(found) > 1:
        raise WeightsError(
            f"{folder} holds several indices: {', '.join(path.name for path in found)}. "
            f"Keep the one that names the shards, as {_INDEX_NAMES[1]}."
        )
    return found[0] if found else None


def _sharded(folder: Path, index: Path) -> dict[str, Located]:
    told = _weight_map(index)
    found: dict[str, Located] = {}
    for name in sorted(set(told.values())):
        if not (folder / name).is_file():
            count = sum(shard == name for shard in told.values())
            raise WeightsError(
                f"The shard {name} is missing in {folder}; {index.name} says that it holds "
                f"{count} of {len(told)} tensors. Fetch that file, or the folder again."
            )
        for key, one in _located(folder / name).items():
            if key in found:
                raise WeightsError(
                    f"'{key}' lies in two shards, {found[key].path.name} and {name}. "
                    "Fetch the folder again into an empty one."
                )
            found[key] = one
    _compare(index, told, found)
    return found


def _weight_map(index: Path) -> dict[str, str]:
    """Return the shard of each key; the autoencoder's file is not the network's."""
    try:
        told = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        shards = {str(key): str(name) for key, name in told.items() if name != AUTOENCODER}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(
            f"{index} is no index of shards ({type(error).__name__}: {error}); it must be JSON "
            "with a 'weight_map'. Fetch the file again."
        ) from error
    for name in shards.values():
        if Path(name).name != name or not name.endswith(".safetensors"):
            raise WeightsError(
                f"{index} names the shard '{name}'; only safetensors files of its own folder are "
                "read. Get the safetensors files of this checkpoint."
            )
    if not shards:
        raise WeightsError(f"{index} names no shards. Fetch the file again.")
    return shards


def _compare(index: Path, told: dict[str, str], found: dict[str, Located]) -> None:
    for key, name in told.items():
        where = found[key].path.name if key in found else "no shard"
        if where != name:
            raise WeightsError(
                f"{index} says that '{key}' lies in {name}, but it lies in {where}. "
                "The index and the shards must come from one download; fetch the folder again."
            )
    for key, one in found.items():
        if key not in told:
            raise WeightsError(
                f"{one.path} holds '{key}', which {index.name} does not name. "
                "The index and the shards must come from one download; fetch the folder again."
            )
