"""The vision encoder is SigLIP's without its last layer, with the final norm."""

import pytest
import torch
from oracles.random_weights import noise, random_model
from torch import nn
from transformers import SiglipVisionConfig, SiglipVisionModel

from omnipersona.model.bagel.config import tiny
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.sequence import seen_image


def _siglip(net: OmniModel) -> nn.Module:
    ours = net.config.vision
    config = SiglipVisionConfig(
        hidden_size=ours.hidden_size,
        intermediate_size=ours.intermediate_size,
        num_hidden_layers=ours.num_kept_layers,
        num_attention_heads=ours.num_attention_heads,
        patch_size=ours.patch_size,
        image_size=ours.image_size,
        layer_norm_eps=ours.layer_norm_eps,
        hidden_act="gelu_pytorch_tanh",
        vision_use_head=False,
    )
    siglip = SiglipVisionModel(config)
    siglip.train(mode=False)
    prefix = next(k for k in siglip.state_dict() if k.endswith("patch_embedding.weight"))
    prefix = prefix.removesuffix("embeddings.patch_embedding.weight")
    weights = {}
    for key, value in net.vision.state_dict().items():
        place = {"layers": "encoder.", "patch_embedding": "embeddings."}
        place["position_embedding"] = "embeddings."
        name = f"{prefix}{place.get(key.split('.')[0], '')}{key}"
        if key == "patch_embedding.weight":
            size = ours.patch_size
            value = value.unflatten(1, (size, size, 3)).permute(0, 3, 1, 2)
        weights[name] = value
    siglip.load_state_dict(weights, strict=True)
    return siglip


@torch.no_grad()
def test_features_are_those_of_transformers_siglip() -> None:
    net = random_model(tiny(), seed=4)
    pixels = noise(5, 3, 32, 32)
    image = seen_image(net.config, pixels)
    ours = net.vision(image.patches, image.position_ids, [16])
    theirs = _siglip(net)(pixels[None]).last_hidden_state[0]
    torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("sizes", [[(16, 16), (16, 16)], [(8, 32), (24, 16), (8, 8)]])
def test_pictures_of_a_pack_do_not_see_one_another(
    net: OmniModel, sizes: list[tuple[int, int]]
) -> None:
    images = [seen_image(net.config, noise(i, 3, *size)) for i, size in enumerate(sizes)]
    lengths = [len(image.patches) for image in images]
    together = net.vision(
        torch.cat([image.patches for image in images]),
        torch.cat([image.position_ids for image in images]),
        lengths,
    )
    alone = [net.vision(i.patches, i.position_ids, [len(i.patches)]) for i in images]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=1e-5)
