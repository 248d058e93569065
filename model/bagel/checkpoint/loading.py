"""Checkpoint folders in the published layout, read strictly and written back.

Knows how weights get to their device and type. What a folder must hold is `survey`'s knowledge;
only safetensors and JSON are opened.
"""

import hashlib
import json
import logging
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import save_file
from torch import Tensor

from omnipersona.model.bagel.checkpoint.device_map import HOST
from omnipersona.model.bagel.checkpoint.inspect import (
    INNER,
    CheckpointReport,
    Survey,
    is_convolution,
    survey,
)
from omnipersona.model.bagel.checkpoint.key_map import published
from omnipersona.model.bagel.checkpoint.quantize import is_expert_matrix, put_shrunk
from omnipersona.model.bagel.checkpoint.safetensors_reader import read_tensor
from omnipersona.model.bagel.checkpoint.shards import AUTOENCODER, NETWORK, Located
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.contract import Weights

logger = logging.getLogger(__name__)

_LAYER: Final = re.compile(r"decoder\.layers\.(\d+)\.")
_HASHED_AT_ONCE: Final = 2**24


def load_folder(
    folder: Path,
    *,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
    weights: Weights = "full",
    layers: Sequence[str] = (),
) -> OmniModel:
    """Read a checkpoint folder.

    Args:
        folder: With `ema.safetensors` or shards and their index, `ae.safetensors`,
            `llm_config.json`, `vit_config.json` and optionally `config.json`.
        device: Where the weights go.
        dtype: Of the network; the autoencoder stays float32.
        weights: Of the experts' matrices, which may be shrunk; they are then frozen.
        layers: Place of each layer of the decoder (`placement`); none given, all on `device`.

    Raises:
        WeightsError: The folder, a file, a key or a shape does not fit; names the first.
    """
    return load_with_report(folder, device=device, dtype=dtype, weights=weights, layers=layers)[0]


def load_with_report(
    folder: Path,
    *,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
    weights: Weights = "full",
    layers: Sequence[str] = (),
) -> tuple[OmniModel, CheckpointReport]:
    """Read a checkpoint folder as `load_folder` does, and say what matched.

    Each tensor is read into its final memory: the host holds one copy of the weights if they
    stay there, and some megabytes if they do not. A matrix that is shrunk passes through the host.
    """
    surveyed = survey(folder)
    tensors = _read(surveyed, partial(_device_of, device, layers), dtype, weights)
    model = surveyed.skeleton
    model.load_state_dict(tensors, strict=False, assign=True)
    for name, table in list(model.named_buffers()):
        setattr(model, name, table.to(device, dtype))
    logger.info("read %s: %s", folder, surveyed.report)
    return model.eval(), surveyed.report


def _device_of(device: str, layers: Sequence[str], name: str) -> str:
    """Return where a weight goes, by our key."""
    match = _LAYER.match(name)
    place = layers[int(match[1])] if match and layers else device
    return "cpu" if place == HOST else place


def _read(
    surveyed: Survey, device_of: Callable[[str], str], dtype: torch.dtype, weights: Weights
) -> dict[str, Tensor]:
    """Return every weight by our key, reading each file from its front to its end.

    What is shrunk goes straight into the skeleton and is not returned.
    """
    found: dict[str, Tensor] = {}
    files: dict[Path, FileIO] = {}
    order = sorted(surveyed.located.items(), key=lambda item: _place(item[1]))
    with ExitStack() as stack:
        for name, one in order:
            if one.path not in files:
                files[one.path] = stack.enter_context(FileIO(one.path))
            kind = torch.float32 if name.startswith(INNER) else dtype
            if weights != "full" and is_expert_matrix(name):
                matrix = read_tensor(files[one.path], one.entry, device="cpu", dtype=kind)
                put_shrunk(surveyed.skeleton, name, matrix, weights, device_of(name))
                continue
            tensor = read_tensor(files[one.path], one.entry, device=device_of(name), dtype=kind)
            if is_convolution(one.entry):
                tensor = tensor.permute(0, 2, 3, 1).flatten(1)
            found[name] = tensor
    return found


def _place(one: Located) -> tuple[str, int]:
    return one.path.name, one.entry.start


def save_folder(
    model: OmniModel,
    folder: Path,
    *,
    dtype: torch.dtype = torch.float32,
    shard_bytes: int | None = None,
) -> None:
    """Write a model in the published layout; each file appears whole or not at all.

    Args:
        model: Any.
        folder: Made if it is missing.
        dtype: Of every weight.
        shard_bytes: The network in shards of so many bytes of weights at most, with their index;
            None writes one file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    network: dict[str, Tensor] = {}
    autoencoder: dict[str, Tensor] = {}
    for key, value in model.state_dict().items():
        tensor = value.detach().to("cpu", dtype).contiguous()
        if key.startswith(INNER):
            autoencoder[key.removeprefix(INNER)] = tensor
        else:
            network[published(key)] = tensor
    files = {AUTOENCODER: autoencoder}
    if shard_bytes is None:
        files[NETWORK] = network
    else:
        files |= _sharded(network, shard_bytes)
        index = {
            key: name for name, part in files.items() if part is not autoencoder for key in part
        }
        content = json.dumps({"weight_map": index}, indent=1)
        (folder / f"{NETWORK}.index.json").write_text(content + "\n", encoding="utf-8")
    for name, tensors in files.items():
        partial = folder / f"{name}.partial"
        save_file(tensors, partial)
        partial.replace(folder / name)
    model.config.write(folder)


def _sharded(tensors: dict[str, Tensor], most: int) -> dict[str, dict[str, Tensor]]:
    """Return tensors by shard, in their order."""
    shards, size = [dict[str, Tensor]()], 0
    for key, tensor in tensors.items():
        if shards[-1] and size + tensor.nbytes > most:
            shards.append({})
            size = 0
        shards[-1][key] = tensor
        size += tensor.nbytes
    stem = NETWORK.removesuffix(".safetensors")
    return {
        f"{stem}-{i:05d}-of-{len(shards):05d}.safetensors": shard
        for i, shard in enumerate(shards, start=1)
    }


def fingerprint(model: OmniModel) -> str:
    """Return a hash of the weights that concept tokens depend on: the decoder and its doors.

    Equal weights give equal hashes whatever file or type they came from, as long as the values
    are the same.
    """
    digest = hashlib.sha256()
    for key, value in _decoder_weights(model):
        digest.update(key.encode())
        for piece in _plain(value).flatten().split(_HASHED_AT_ONCE):
            digest.update(piece.float().cpu().numpy().data)
    return digest.hexdigest()[:16]


def _plain(value: Tensor) -> Tensor:
    """Return a weight as numbers; what torchao shrunk only claims its type."""
    is_shrunk = type(value) is not Tensor and value.is_floating_point()
    return value.detach().dequantize() if is_shrunk else value.detach()


def _decoder_weights(model: OmniModel) -> Iterable[tuple[str, Tensor]]:
    for key, value in sorted(model.state_dict().items()):
        if not key.startswith(INNER):
            yield key, value
