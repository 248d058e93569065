"""Learned tokens to a concept file and back; the file itself is `file_format`'s."""

from collections.abc import Mapping
from typing import Final

import torch
from safetensors.torch import save

from omnipersona.model.concepts.file_format import (
    ADAPTER,
    FORMAT,
    GEN_SKS,
    TOKENS,
    ConceptCard,
    read_adapter_arrays,
    read_arrays,
    read_card,
)
from omnipersona.model.concepts.tokens import ROUTINGS, ConceptTokens
from omnipersona.model.contract import ConceptFile, Routing

_MAX_HALF: Final = 65504.0


def write_concept(
    tokens: ConceptTokens, card: ConceptCard, adapter: Mapping[str, torch.Tensor] | None = None
) -> ConceptFile:
    """Return a concept, with its adapter's matrices if it has one, as bytes, float16."""
    found = {name: getattr(tokens, name) for name in TOKENS}
    if tokens.gen_sks is not None:
        found[GEN_SKS] = tokens.gen_sks
    found |= {ADAPTER + name: matrix for name, matrix in (adapter or {}).items()}
    tensors = {
        name: value.detach().clamp(-_MAX_HALF, _MAX_HALF).cpu().half().contiguous()
        for name, value in found.items()
    }
    metadata = {
        "format": FORMAT,
        "name": card.name,
        "kind": card.kind or "",
        "routing": tokens.routing,
        "fingerprint": card.fingerprint,
        "unfinished": card.unfinished,
    }
    return ConceptFile.of(save(tensors, metadata=metadata))


def read_concept(file: ConceptFile, width: int, fingerprint: str) -> ConceptTokens:
    """Return the tokens of a concept for a base model; arguments and errors are `read_arrays`'."""
    arrays = read_arrays(file, width, fingerprint)
    named = read_card(file).routing
    routing: Routing = next((one for one in ROUTINGS if one == named), "decoupled")
    return ConceptTokens(
        **{key: torch.from_numpy(value) for key, value in arrays.items()}, routing=routing
    )


def read_adapter(file: ConceptFile) -> dict[str, torch.Tensor]:
    """Return the matrices of a concept's adapter; errors are `read_adapter_arrays`'."""
    return {key: torch.from_numpy(value) for key, value in read_adapter_arrays(file).items()}
