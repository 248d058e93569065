"""What a checkpoint folder holds, compared with what its JSON files ask for, by headers alone.

Knows every key, shape and type of the architecture. Reads no weights and allocates none.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Final

import torch

from omnipersona.model.bagel.checkpoint.key_map import ours, published
from omnipersona.model.bagel.checkpoint.safetensors_reader import TYPES, Entry
from omnipersona.model.bagel.checkpoint.shards import (
    AUTOENCODER,
    NETWORK,
    Located,
    autoencoder_tensors,
    network_tensors,
)
from omnipersona.model.bagel.config import ModelConfig
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.model.errors import WeightsError

INNER: Final = "autoencoder."

Shape = tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckpointReport:
    """What matched.

    Attributes:
        folder: The checkpoint.
        num_tensors: Weights that are loaded.
        num_parameters: Numbers in them.
        num_bytes: Their bytes on disk.
        dtypes: Tensors by type on disk, e.g. `{"BF16": 1200}`.
        files: Bytes of each file of weights.
        recomputed: Published keys that are known and made anew.
    """

    folder: Path
    num_tensors: int
    num_parameters: int
    num_bytes: int
    dtypes: dict[str, int]
    files: dict[str, int]
    recomputed: tuple[str, ...]

    def __str__(self) -> str:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.dtypes.items()))
        return (
            f"{self.num_tensors} tensors ({kinds}), {self.num_parameters / 1e9:.3f} billion "
            f"numbers, {self.num_bytes / 1e9:.3f} GB in {len(self.files)} files"
        )


@dataclass(frozen=True, slots=True)
class Survey:
    """A folder that fits.

    Attributes:
        config: Its sizes.
        skeleton: The model without memory for its weights.
        located: Where each weight lies, by our key.
        report: For people.
    """

    config: ModelConfig
    skeleton: OmniModel
    located: dict[str, Located]
    report: CheckpointReport


def skeleton(config: ModelConfig) -> OmniModel:
    """Return the model on the meta device: every key, shape and count, no memory."""
    with torch.device("meta"):
        return OmniModel(config)


def weight_shapes(model: OmniModel) -> dict[str, Shape]:
    """Return the shape of each weight that a checkpoint must hold, by our key."""
    return {key: tuple(value.shape) for key, value in model.state_dict().items()}


def in_its_file(key: str) -> tuple[str, str]:
    """Return the published key of ours, and the file that holds it where there are no shards."""
    if key.startswith(INNER):
        return key.removeprefix(INNER), AUTOENCODER
    return published(key), NETWORK


def survey(folder: Path) -> Survey:
    """Compare a checkpoint folder's headers with its configuration.

    Raises:
        WeightsError: A file is missing or damaged, or a key is missing, unknown, of another
            shape or of an unreadable type; names the first.
    """
    if not folder.is_dir():
        raise WeightsError(
            f"There is no folder {folder}. Give a checkpoint folder, or the name 'nano'; "
            "`omnipersona models list` shows what is on this machine."
        )
    config = ModelConfig.read(folder)
    model = skeleton(config)
    shapes = weight_shapes(model)
    network, autoencoder = network_tensors(folder), autoencoder_tensors(folder)
    located = dict(_matched(network, ours, shapes))
    located |= _matched(autoencoder, lambda key: INNER + key, shapes)
    missing = [key for key in shapes if key not in located]
    if missing:
        raise WeightsError(_missing(folder, missing, shapes))
    dropped = tuple(key for key in network if ours(key) is None)
    return Survey(config, model, located, _report(folder, located, dropped))


def check_folder(folder: Path) -> CheckpointReport:
    """Verify a checkpoint folder with its tokenizer, without loading weights.

    Raises:
        WeightsError: What `survey` or the tokenizer refuses; names the first.
    """
    surveyed = survey(folder)
    tokenizer = Tokenizer.read(folder)
    vocab_size = surveyed.config.text.vocab_size
    if tokenizer.vocab_size > vocab_size:
        raise WeightsError(
            f"{folder / 'tokenizer.json'} has {tokenizer.vocab_size} ids, the model only "
            f"{vocab_size}. They must come from the same checkpoint; fetch the folder again."
        )
    return surveyed.report


def _matched(
    tensors: dict[str, Located], rename: Callable[[str], str | None], shapes: dict[str, Shape]
) -> Iterator[tuple[str, Located]]:
    for key, one in tensors.items():
        try:
            name = rename(key)
        except (KeyError, ValueError) as error:
            raise WeightsError(_unknown(one)) from error
        if name is None:
            continue
        if name not in shapes:
            raise WeightsError(_unknown(one))
        _check(one, shapes[name])
        yield name, one


def _check(one: Located, wanted: Shape) -> None:
    entry = one.entry
    shape = entry.shape
    if is_convolution(entry):
        shape = (shape[0], prod(shape[1:]))
    if shape != wanted:
        raise WeightsError(
            f"'{entry.key}' in {one.path} has shape {entry.shape}; the JSON files ask for "
            f"{wanted}. They must come from the same checkpoint; fetch the folder again."
        )
    if entry.type not in TYPES:
        raise WeightsError(
            f"'{entry.key}' in {one.path} is stored as {entry.type}; {', '.join(TYPES)} are read. "
            "Get the checkpoint in one of these types."
        )


def is_convolution(entry: Entry) -> bool:
    """Return whether a patch weight is stored as a convolution, whose channels come first."""
    return entry.key.endswith("patch_embedding.weight") and len(entry.shape) == 4


def _unknown(one: Located) -> str:
    return (
        f"{one.path} holds '{one.entry.key}' of shape {one.entry.shape}, which this architecture "
        "does not have. Check that the folder is a BAGEL checkpoint and that its JSON files "
        "belong to it."
    )


def _missing(folder: Path, missing: list[str], shapes: dict[str, Shape]) -> str:
    key, file = in_its_file(missing[0])
    return (
        f"{folder} lacks {len(missing)} of {len(shapes)} weights, first '{key}' of shape "
        f"{shapes[missing[0]]}, which belongs into {file}. The download may be incomplete, or the "
        "JSON files may belong to another checkpoint; fetch the folder again."
    )


def _report(
    folder: Path, located: dict[str, Located], dropped: tuple[str, ...]
) -> CheckpointReport:
    entries = [one.entry for one in located.values()]
    return CheckpointReport(
        folder=folder,
        num_tensors=len(entries),
        num_parameters=sum(entry.num_bytes // TYPES[entry.type].itemsize for entry in entries),
        num_bytes=sum(entry.num_bytes for entry in entries),
        dtypes=dict(Counter(entry.type for entry in entries)),
        files={path.name: path.stat().st_size for path in {one.path for one in located.values()}},
        recomputed=dropped,
    )
