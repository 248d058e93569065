"""Where nano's training starts: from random weights, or from a smaller network.

Knows modules by their kind and name. Does not know data or optimisers.
"""

import re
from typing import Final

import torch
from torch import Tensor, nn

from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.errors import WeightsError
from omnipersona.training.recipe import Recipe

_RESIDUAL: Final = ("o_proj", "down_proj", "out_proj", "mlp.fc2")
_RESIDUAL_WEIGHT: Final = re.compile(r"(o_proj|down_proj)\.weight$")


def init_weights(parent: nn.Module, depth: int) -> None:
    """Start matrices at width**-0.5 (residual outputs smaller by depth), embeddings at 0.02.

    Args:
        parent: Changed in place; its norms and convolutions stay, its biases become zero.
        depth: Layers that add to one residual stream.
    """
    for name, module in parent.named_modules():
        if isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
        elif isinstance(module, nn.Linear):
            shrunk = (2 * depth) ** -0.5 if name.endswith(_RESIDUAL) else 1.0
            nn.init.normal_(module.weight, std=shrunk * module.in_features**-0.5)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def fresh_model(recipe: Recipe) -> OmniModel:
    """Return a network that is ready to learn; `llm2vae` starts at zero.

    Its autoencoder and vision encoder are trained before it and replace the ones here.
    """
    torch.manual_seed(recipe.seed)
    model = OmniModel(recipe.config)
    init_weights(model, recipe.config.text.num_hidden_layers)
    nn.init.zeros_(model.llm2vae.weight)
    if model.edit_ports is not None:
        model.edit_ports.start()
    return model


@torch.no_grad()
def grow(model: OmniModel, trained: OmniModel) -> None:
    """Put the weights of a trained network into a fresh one that has more, and keep what it does.

    A wider layer keeps its old inputs and outputs: what is new of a matrix's inputs counts nothing
    yet, what is new of its outputs is fresh. A new layer of the decoder adds nothing yet.
    Source: Chen et al. 2016, "Net2Net", arXiv:1511.05641, with zeros in place of copies.

    Raises:
        WeightsError: The trained network has weights that the fresh one lacks, or larger ones.
    """
    fresh, known = model.state_dict(), trained.state_dict()
    lost = [name for name, old in known.items() if not _has_room(fresh.get(name), old)]
    if lost:
        raise WeightsError(
            f"The recipe has no room for {len(lost)} weights of the checkpoint, first "
            f"'{lost[0]}'. Give a recipe that is as large at least."
        )
    for name, value in fresh.items():
        old = known.get(name)
        if old is None:
            if name.startswith("decoder.layers.") and _RESIDUAL_WEIGHT.search(name):
                value.zero_()
            continue
        if value.dim() > 1:
            value[:, old.shape[1] :] = 0.0
        value[tuple(slice(size) for size in old.shape)] = old


def _has_room(fresh: Tensor | None, old: Tensor) -> bool:
    if fresh is None or fresh.dim() != old.dim():
        return False
    return all(more >= less for more, less in zip(fresh.shape, old.shape, strict=True))
