"""Checkpoint folders in the published layout, read strictly and written back.

Only safetensors and JSON are opened. Every key must be known and every weight present; the first
that is not is named.
"""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from omnipersona.model.config import ModelConfig
from omnipersona.model.errors import WeightsError
from omnipersona.model.omni import OmniModel
from omnipersona.model.vision.connector import sincos_table
from omnipersona.model.weights.key_map import ours, published

_NETWORK = "ema.safetensors"
_AUTOENCODER = "ae.safetensors"
_TABLES = ("latent_positions", "vit_positions")


def load_folder(
    folder: Path, *, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> OmniModel:
    """Read a checkpoint folder.

    Args:
        folder: With `ema.safetensors`, `ae.safetensors`, `llm_config.json`, `vit_config.json`
            and optionally `config.json`.
        device: Where the weights go.
        dtype: Of the network; the autoencoder stays float32.

    Raises:
        WeightsError: The folder, a file, a key or a shape does not fit; names the first.
    """
    if not folder.is_dir():
        raise WeightsError(
            f"There is no folder {folder}. Give a checkpoint folder, or the name 'nano'."
        )
    config = ModelConfig.read(folder)
    with torch.device("meta"):
        model = OmniModel(config)
    wanted = {k: v for k, v in model.state_dict().items() if k not in _TABLES}
    tensors = _read(folder / _NETWORK, ours, wanted, device, dtype)
    tensors |= _read(
        folder / _AUTOENCODER, lambda k: f"autoencoder.{k}", wanted, device, torch.float32
    )
    missing = sorted(wanted.keys() - tensors.keys())
    if missing:
        raise WeightsError(
            f"{folder} lacks {len(missing)} weights, first '{_published(missing[0])}'. "
            "The download may be incomplete; fetch the folder again."
        )
    model.load_state_dict(tensors, strict=False, assign=True)
    return _with_tables(model, config, device, dtype)


def _with_tables(
    model: OmniModel, config: ModelConfig, device: str, dtype: torch.dtype
) -> OmniModel:
    width = config.text.hidden_size
    model.latent_positions = sincos_table(config.max_latent_size, width).to(device, dtype)
    model.vit_positions = sincos_table(config.vit_max_num_patch_per_side, width).to(device, dtype)
    return model.eval()


def _published(key: str) -> str:
    return key if key.startswith("autoencoder.") else published(key)


def _read(
    path: Path,
    rename: Callable[[str], str | None],
    wanted: dict[str, Tensor],
    device: str,
    dtype: torch.dtype,
) -> dict[str, Tensor]:
    if not path.exists():
        raise WeightsError(f"{path.name} is missing in {path.parent}. Fetch the folder again.")
    found: dict[str, Tensor] = {}
    try:
        with safe_open(path, framework="pt", device=device) as file:
            for key in file.keys():  # noqa: SIM118  (the handle is no mapping)
                name = _renamed(key, rename, wanted, path)
                if name is not None:
                    found[name] = _shaped(file.get_tensor(key), wanted[name], key, path).to(dtype)
    except SafetensorError as error:
        raise WeightsError(
            f"{path} is no whole safetensors file ({error}). Fetch it again."
        ) from error
    return found


def _renamed(
    key: str, rename: Callable[[str], str | None], wanted: dict[str, Tensor], path: Path
) -> str | None:
    try:
        name = rename(key)
    except (KeyError, ValueError) as error:
        raise WeightsError(_unknown_key(key, path)) from error
    if name is not None and name not in wanted:
        raise WeightsError(_unknown_key(key, path))
    return name


def _unknown_key(key: str, path: Path) -> str:
    return (
        f"{path} holds '{key}', which this architecture does not have. Check that the folder is a "
        "BAGEL checkpoint and that its JSON files belong to it."
    )


def _shaped(tensor: Tensor, like: Tensor, key: str, path: Path) -> Tensor:
    if key.endswith("patch_embedding.weight") and tensor.dim() == 4:
        tensor = tensor.permute(0, 2, 3, 1).flatten(1)
    if tensor.shape != like.shape:
        raise WeightsError(
            f"'{key}' in {path} has shape {tuple(tensor.shape)}; the JSON files ask for "
            f"{tuple(like.shape)}. They must come from the same checkpoint."
        )
    return tensor


def save_folder(model: OmniModel, folder: Path, *, dtype: torch.dtype = torch.float32) -> None:
    """Write a model in the published layout; each file appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    network: dict[str, Tensor] = {}
    autoencoder: dict[str, Tensor] = {}
    for key, value in model.state_dict().items():
        tensor = value.detach().to("cpu", dtype).contiguous()
        if key.startswith("autoencoder."):
            autoencoder[key.removeprefix("autoencoder.")] = tensor
        elif key not in _TABLES:
            network[published(key)] = tensor
    for name, tensors in ((_NETWORK, network), (_AUTOENCODER, autoencoder)):
        partial = folder / f"{name}.partial"
        save_file(tensors, partial)
        partial.replace(folder / name)
    model.config.write(folder)


def fingerprint(model: OmniModel) -> str:
    """Return a hash of the weights that concept tokens depend on: the decoder and its doors.

    Equal weights give equal hashes whatever file or type they came from, as long as the values
    are the same.
    """
    digest = hashlib.sha256()
    for key, value in _decoder_weights(model):
        digest.update(key.encode())
        digest.update(value.detach().float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def _decoder_weights(model: OmniModel) -> Iterable[tuple[str, Tensor]]:
    for key, value in sorted(model.state_dict().items()):
        if not key.startswith("autoencoder.") and key not in _TABLES:
            yield key, value
