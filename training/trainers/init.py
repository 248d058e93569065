"""The random start that nano's training wants.

Knows modules by their kind and name. Does not know data or optimisers.
"""

from typing import Final

import torch
from torch import nn

from omnipersona.model.omni import OmniModel
from omnipersona.training.recipe import Recipe

_RESIDUAL: Final = ("o_proj", "down_proj", "out_proj", "mlp.fc2")


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
    return model
