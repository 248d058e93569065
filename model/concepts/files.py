"""A concept as one safetensors file with metadata; read without pickle, refused if foreign.

Metadata: format version, name, kind, routing and the fingerprint of the base model.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import torch
from safetensors import SafetensorError, deserialize
from safetensors.torch import load, save

from omnipersona.model.concepts.tokens import ROUTINGS, ConceptTokens, Routing
from omnipersona.model.contract import ConceptFile
from omnipersona.model.errors import ConceptError

_FORMAT: Final = "omnipersona-concept-1"
_MAX_BYTES: Final = 16 * 2**20
_MAX_TOKENS: Final = 256
_MAX_HALF: Final = 65504.0
_ADAPTER: Final = "adapter."
_TOKENS: Final = ("sks", "und", "gen")
_GEN_SKS: Final = "gen_sks"


@dataclass(frozen=True, kw_only=True, slots=True)
class ConceptCard:
    """What a concept file says of itself.

    Attributes:
        name: The user's.
        kind: Its noun, if known.
        fingerprint: Of the base model.
        unfinished: What run these tokens were saved from, and the steps done, e.g.
            `paper-3f0c9a1e 400`; "" once the run has ended.
    """

    name: str
    kind: str | None
    fingerprint: str
    unfinished: str = ""


def write_concept(
    tokens: ConceptTokens, card: ConceptCard, adapter: Mapping[str, torch.Tensor] | None = None
) -> ConceptFile:
    """Return a concept, with its adapter's matrices if it has one, as bytes, float16."""
    found = {name: getattr(tokens, name) for name in _TOKENS}
    if tokens.gen_sks is not None:
        found[_GEN_SKS] = tokens.gen_sks
    found |= {_ADAPTER + name: matrix for name, matrix in (adapter or {}).items()}
    tensors = {
        name: value.detach().clamp(-_MAX_HALF, _MAX_HALF).cpu().half().contiguous()
        for name, value in found.items()
    }
    metadata = {
        "format": _FORMAT,
        "name": card.name,
        "kind": card.kind or "",
        "routing": tokens.routing,
        "fingerprint": card.fingerprint,
        "unfinished": card.unfinished,
    }
    data = save(tensors, metadata=metadata)
    return ConceptFile.of(data)


def read_concept(file: ConceptFile, width: int, fingerprint: str) -> ConceptTokens:
    """Read a concept for a base model.

    Args:
        file: Bytes and their hash.
        width: D of the base model.
        fingerprint: Of the base model.

    Raises:
        ConceptError: The bytes are damaged, are no concept, hold numbers that are not finite, or
            belong to another base model.
    """
    metadata = _metadata(file)
    name = metadata.get("name", "?")
    if metadata.get("fingerprint") != fingerprint:
        raise ConceptError(
            f"Concept '{name}' was learned with another base model "
            f"({metadata.get('fingerprint', 'unnamed')}; this one is {fingerprint}). "
            "Learn it again with this model."
        )
    tensors = {k: v for k, v in load(file.data).items() if not k.startswith(_ADAPTER)}
    if set(tensors) - {_GEN_SKS} != set(_TOKENS):
        raise ConceptError(
            f"Concept '{name}' holds {sorted(tensors)} instead of gen, sks and und. "
            "Export it again, or learn it again."
        )
    for key, value in tensors.items():
        _check_numbers(name, key, value)
        _check_shape(name, key, value, width)
    for key in tensors.keys() & {"sks", _GEN_SKS}:
        if len(tensors[key]) != 1:
            raise ConceptError(f"Concept '{name}': '{key}' has {len(tensors[key])} rows, not one.")
    routing: Routing = next((r for r in ROUTINGS if r == metadata.get("routing")), "decoupled")
    return ConceptTokens(**{k: v.float() for k, v in tensors.items()}, routing=routing)


def read_adapter(file: ConceptFile) -> dict[str, torch.Tensor]:
    """Return the matrices of a concept's adapter by name; none if it has no adapter.

    Raises:
        ConceptError: The bytes are damaged, are no concept, or hold numbers that are not finite.
    """
    name = _metadata(file).get("name", "?")
    found = {
        key.removeprefix(_ADAPTER): value
        for key, value in load(file.data).items()
        if key.startswith(_ADAPTER)
    }
    for key, value in found.items():
        _check_numbers(name, key, value)
    return {key: value.float() for key, value in found.items()}


def read_card(file: ConceptFile) -> ConceptCard:
    """Read only the metadata.

    Raises:
        ConceptError: The bytes are damaged or are no concept.
    """
    metadata = _metadata(file)
    return ConceptCard(
        name=metadata.get("name", ""),
        kind=metadata.get("kind") or None,
        fingerprint=metadata.get("fingerprint", ""),
        unfinished=metadata.get("unfinished", ""),
    )


def _metadata(file: ConceptFile) -> dict[str, str]:
    if len(file.data) > _MAX_BYTES:
        raise ConceptError(
            f"The concept file has {len(file.data)} bytes; at most {_MAX_BYTES} are read."
        )
    if hashlib.sha256(file.data).hexdigest() != file.sha256:
        raise ConceptError("The concept file does not match its checksum. Export it again.")
    try:
        deserialize(file.data)
        length = int.from_bytes(file.data[:8], "little")
        header = json.loads(file.data[8 : 8 + length])
    except (SafetensorError, ValueError) as error:
        raise ConceptError(
            f"The concept file is no whole safetensors file ({error}). "
            "Only safetensors is read; export the concept again."
        ) from error
    metadata = header.get("__metadata__", {})
    if metadata.get("format") != _FORMAT:
        raise ConceptError(
            f"The file's format is '{metadata.get('format', 'none')}', not '{_FORMAT}'. "
            "Export the concept with OmniPersona."
        )
    return dict(metadata)


def _check_numbers(name: str, key: str, value: torch.Tensor) -> None:
    if value.dtype not in (torch.float16, torch.bfloat16, torch.float32):
        raise ConceptError(f"Concept '{name}': '{key}' has type {value.dtype}, not a float type.")
    if not bool(torch.isfinite(value).all()):
        raise ConceptError(f"Concept '{name}': '{key}' holds numbers that are not finite.")


def _check_shape(name: str, key: str, value: torch.Tensor, width: int) -> None:
    least = 0 if key == "gen" else 1
    fits = value.dim() == 2 and value.shape[1] == width
    if not fits or not least <= value.shape[0] <= _MAX_TOKENS:
        raise ConceptError(
            f"Concept '{name}': '{key}' has shape {tuple(value.shape)}; this model needs "
            f"(n, {width}) with n up to {_MAX_TOKENS}. Learn it again with this model."
        )
