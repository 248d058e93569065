"""Weight-only number types for the matrices of both experts, made while a checkpoint is read.

The matrices of the decoder's layers hold nearly all of a large model. Everything else (norms,
biases, embeddings, heads, time embedder, connector, vision encoder, autoencoder) keeps its type.
int8 has a scale per row, float8 too; nf4 a scale per 64 numbers (Dettmers et al. 2023, "QLoRA",
arXiv:2305.14314). Gradients pass through to what is learned; the matrices themselves are frozen.
Knows two libraries, both optional. Does not know files.
"""

import re
from importlib import import_module
from typing import Any, Final

import torch
from torch import Tensor, nn

from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.contract import Weights
from omnipersona.model.errors import WeightsError

_MATRIX: Final = re.compile(r"(decoder\.layers\.\d+\.(?:und|gen)\.(?:mlp\.)?\w+_proj)\.weight")


def is_expert_matrix(name: str) -> bool:
    """Whether a weight, by our key, is a matrix of an expert and not one of its norms."""
    return _MATRIX.fullmatch(name) is not None


def put_shrunk(model: OmniModel, name: str, matrix: Tensor, kind: Weights, device: str) -> None:
    """Set a matrix of a model that has no weights yet, shrunk and on its device.

    Args:
        model: Its layer is replaced or filled; a bias there is left for later.
        name: Key for which `is_expert_matrix` holds.
        matrix: On the host, in the type that the network computes in.
        kind: Not `full`.
        device: Where it goes.

    Raises:
        WeightsError: The library of that type is not installed.
    """
    match = _MATRIX.fullmatch(name)
    assert match is not None, "only the experts' matrices are shrunk"
    path, _, child = match.group(1).rpartition(".")
    parent = model.get_submodule(path)
    layer = parent.get_submodule(child)
    assert isinstance(layer, nn.Linear), "the experts' matrices are linear layers"
    make = _nf4 if kind == "nf4" else _by_torchao
    setattr(parent, child, make(layer, matrix, kind, device))


def _nf4(layer: nn.Linear, matrix: Tensor, kind: Weights, device: str) -> nn.Module:
    library = _library("bitsandbytes", kind)
    made: nn.Module = library.nn.Linear4bit(
        layer.in_features,
        layer.out_features,
        bias=layer.bias is not None,
        compute_dtype=matrix.dtype,
        quant_type="nf4",
        device="meta",
    )
    # Its packed kernels for processors crash on some shapes, and rewrite the weight.
    vars(made)["support_avx512bf16_for_cpu"] = False
    weight = library.nn.Params4bit(matrix, requires_grad=False, quant_type="nf4")
    made.register_parameter("weight", weight.to(device))
    return made


def _by_torchao(layer: nn.Linear, matrix: Tensor, kind: Weights, device: str) -> nn.Module:
    library = _library("torchao.quantization", kind)
    config = library.Int8WeightOnlyConfig() if kind == "int8" else library.Float8WeightOnlyConfig()
    layer.weight = nn.Parameter(matrix.to(torch.device(device)), requires_grad=False)
    library.quantize_(layer, config)
    return layer


def _library(name: str, kind: Weights) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise WeightsError(
            f"{kind} weights need the package {package}. "
            "Install it with `pip install 'omnipersona[gpu]'`."
        ) from error
