"""Published keys and ours name the same weights, one to one."""

import re
from pathlib import Path

import pytest
from safetensors import safe_open

from omnipersona.model.bagel.checkpoint.key_map import ours, published
from omnipersona.model.bagel.config import ModelConfig
from omnipersona.model.bagel.omni import OmniModel

OPEN = Path(__file__).parent.parent / "parity" / "open"
TABLES = {"vit_pos_embed.pos_embed", "latent_pos_embed.pos_embed"}


def _network_keys(net: OmniModel) -> list[str]:
    return [key for key in net.state_dict() if not key.startswith("autoencoder.")]


def test_the_map_is_a_bijection_over_a_model(net: OmniModel) -> None:
    keys = _network_keys(net)
    theirs = [published(key) for key in keys]
    assert len(set(theirs)) == len(keys)
    assert [ours(key) for key in theirs] == keys


def test_our_names_lead_to_exactly_the_published_keys() -> None:
    with safe_open(OPEN / "ema.safetensors", framework="pt") as file:
        expected = set(file.keys())
    net = OmniModel(ModelConfig.read(OPEN))
    assert {published(key) for key in _network_keys(net)} == expected - TABLES


@pytest.mark.parametrize("key", sorted(TABLES))
def test_frozen_tables_are_known_and_dropped(key: str) -> None:
    assert ours(key) is None


@pytest.mark.parametrize(
    "key",
    [
        "vit_model.vision_model.head.probe",
        "vit_model.vision_model.embeddings.layers.0.mlp.fc1.weight",
        "language_model.model.layers.0.self_attn.rotary_emb.inv_freq",
        "language_model.model.layers.weight",
        "model.norm.weight",
    ],
)
def test_a_key_outside_the_layout_is_unknown(key: str) -> None:
    with pytest.raises((KeyError, ValueError), match=re.compile(".")):
        ours(key)


def test_a_name_that_is_not_ours_is_unknown() -> None:
    with pytest.raises(KeyError):
        published("head.weight")
