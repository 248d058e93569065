"""What a concept file says of itself, and whether a model can use it; imports no torch.

One safetensors file: `sks` (1, D), `und` (U, D), `gen` (G, D), perhaps `gen_sks` (1, D) and the
matrices of an adapter, with metadata: format version, name, kind, routing, and the fingerprint of
the base model. Read without pickle, refused if foreign.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize

from omnipersona.model.contract import ConceptFile, ModelInfo
from omnipersona.model.errors import ConceptError

FORMAT: Final = "omnipersona-concept-1"
ADAPTER: Final = "adapter."
TOKENS: Final = ("sks", "und", "gen")
GEN_SKS: Final = "gen_sks"
_MAX_BYTES: Final = 16 * 2**20
_MAX_TOKENS: Final = 256
_TYPES: Final = {"F16": np.float16, "F32": np.float32, "BF16": np.uint16}


@dataclass(frozen=True, kw_only=True, slots=True)
class ConceptCard:
    """What a concept file says of itself.

    Attributes:
        name: The user's.
        kind: Its noun, if known.
        fingerprint: Of the base model.
        routing: Which expert reads the gen tokens.
        unfinished: What run these tokens were saved from, and the steps done, e.g.
            `paper-3f0c9a1e 400`; "" once the run has ended.
    """

    name: str
    kind: str | None
    fingerprint: str
    routing: str = ""
    unfinished: str = ""


def check_concept(file: ConceptFile, info: ModelInfo) -> None:
    """Raise `ConceptError` unless a file is sound and belongs to a model."""
    read_arrays(file, info.concept_width, info.fingerprint)


def read_card(file: ConceptFile) -> ConceptCard:
    """Read only the metadata.

    Raises:
        ConceptError: The bytes are damaged or are no concept.
    """
    metadata, _ = _parts(file)
    return ConceptCard(
        name=metadata.get("name", ""),
        kind=metadata.get("kind") or None,
        fingerprint=metadata.get("fingerprint", ""),
        routing=metadata.get("routing", ""),
        unfinished=metadata.get("unfinished", ""),
    )


def read_arrays(file: ConceptFile, width: int, fingerprint: str) -> dict[str, NDArray[np.float32]]:
    """Return the tokens by name, float32, checked for a base model.

    Args:
        file: Bytes and their hash.
        width: D of the base model.
        fingerprint: Of the base model.

    Raises:
        ConceptError: The bytes are damaged, are no concept, hold numbers that are not finite, or
            belong to another base model.
    """
    metadata, arrays = _parts(file)
    name = metadata.get("name", "?")
    if metadata.get("fingerprint") != fingerprint:
        raise ConceptError(
            f"Concept '{name}' was learned with another base model "
            f"({metadata.get('fingerprint', 'unnamed')}; this one is {fingerprint}). "
            "Learn it again with this model."
        )
    tokens = {key: value for key, value in arrays.items() if not key.startswith(ADAPTER)}
    if set(tokens) - {GEN_SKS} != set(TOKENS):
        raise ConceptError(
            f"Concept '{name}' holds {sorted(tokens)} instead of gen, sks and und. "
            "Export it again, or learn it again."
        )
    for key, value in tokens.items():
        _check_shape(name, key, value, width)
    for key in tokens.keys() & {"sks", GEN_SKS}:
        if len(tokens[key]) != 1:
            raise ConceptError(f"Concept '{name}': '{key}' has {len(tokens[key])} rows, not one.")
    return tokens


def read_adapter_arrays(file: ConceptFile) -> dict[str, NDArray[np.float32]]:
    """Return the matrices of a concept's adapter by name, float32; none if it has no adapter.

    Raises:
        ConceptError: The bytes are damaged, are no concept, or hold numbers that are not finite.
    """
    _, arrays = _parts(file)
    found = {key: value for key, value in arrays.items() if key.startswith(ADAPTER)}
    return {key.removeprefix(ADAPTER): value for key, value in found.items()}


def _parts(file: ConceptFile) -> tuple[dict[str, str], dict[str, NDArray[np.float32]]]:
    """Return metadata and arrays of whole bytes."""
    data = file.whole
    if len(data) > _MAX_BYTES:
        raise ConceptError(
            f"The concept file has {len(data)} bytes; at most {_MAX_BYTES} are read."
        )
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise ConceptError("The concept file does not match its checksum. Export it again.")
    try:
        tensors = deserialize(data)
        length = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + length])
    except (SafetensorError, ValueError) as error:
        raise ConceptError(
            f"The concept file is no whole safetensors file ({error}). "
            "Only safetensors is read; export the concept again."
        ) from error
    metadata = dict(header.get("__metadata__", {}))
    if metadata.get("format") != FORMAT:
        raise ConceptError(
            f"The file's format is '{metadata.get('format', 'none')}', not '{FORMAT}'. "
            "Export the concept with OmniPersona."
        )
    name = metadata.get("name", "?")
    return metadata, {key: _array(name, key, tensor) for key, tensor in tensors}


def _array(name: str, key: str, tensor: dict[str, Any]) -> NDArray[np.float32]:
    kind = tensor["dtype"]
    if kind not in _TYPES:
        raise ConceptError(f"Concept '{name}': '{key}' has type {kind}, not a float type.")
    array = np.frombuffer(tensor["data"], _TYPES[kind]).reshape(tensor["shape"])
    if kind == "BF16":  # the upper half of a float32, which numpy does not know
        array = (array.astype(np.uint32) << 16).view(np.float32)
    wide = array.astype(np.float32)
    if not np.isfinite(wide).all():
        raise ConceptError(f"Concept '{name}': '{key}' holds numbers that are not finite.")
    return wide


def _check_shape(name: str, key: str, value: NDArray[np.float32], width: int) -> None:
    least = 0 if key == "gen" else 1
    fits = value.ndim == 2 and value.shape[1] == width
    if not fits or not least <= value.shape[0] <= _MAX_TOKENS:
        raise ConceptError(
            f"Concept '{name}': '{key}' has shape {tuple(value.shape)}; this model needs "
            f"(n, {width}) with n up to {_MAX_TOKENS}. Learn it again with this model."
        )
