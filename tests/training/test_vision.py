"""The vision encoder learns to name cells, and goes on after an interruption."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from omnipersona.model.bagel.config import ModelConfig, VisionConfig
from omnipersona.model.bagel.sequence import seen_image
from omnipersona.training.recipe import read_recipe
from omnipersona.training.samples.pixels import random_scene
from omnipersona.training.trainers import vision as module
from omnipersona.training.trainers.checkpoint import load_state
from omnipersona.training.trainers.vision import Seeing, pretrain_vision
from omnipersona.training.world.labels import LABELS, show

PLACES = [i for i, (group, _) in enumerate(LABELS) if group == "place"]


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> ModelConfig:
    monkeypatch.setattr(module, "_BATCH", 12)
    monkeypatch.setattr(module, "_NEW", 4)
    small = VisionConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        patch_size=16,
        image_size=64,
    )
    return replace(read_recipe().config, vision=small, vit_max_num_patch_per_side=4)


def places_right(seeing: Seeing, config: ModelConfig) -> float:
    """Return on which share of new pictures the place is named right."""
    rng = random.Random("unseen")
    scenes = [random_scene(rng) for _ in range(40)]
    seen = [seen_image(config, show(scene, config.image_size).pixels) for scene in scenes]
    with torch.no_grad():
        logits = seeing(torch.stack([one.patches for one in seen]), seen[0].position_ids)
    named = F.logsigmoid(logits[:, PLACES]).unflatten(0, (len(seen), -1)).sum(1).argmax(-1)
    words: list[str] = [LABELS[PLACES[int(i)]][1] for i in named]
    hits = [word == scene.place for word, scene in zip(words, scenes, strict=True)]
    return sum(hits) / len(hits)


def test_places_of_new_pictures_are_soon_named(config: ModelConfig, tmp_path: Path) -> None:
    torch.manual_seed(0)
    seeing = Seeing(config)
    pretrain_vision(seeing, config, tmp_path, steps=100)
    assert places_right(seeing, config) > 0.35


def test_an_interrupted_run_goes_on(config: ModelConfig, tmp_path: Path) -> None:
    torch.manual_seed(0)
    pretrain_vision(Seeing(config), config, tmp_path, steps=3)
    other = Seeing(config)
    pretrain_vision(other, config, tmp_path, steps=3)
    saved = Seeing(config)
    assert load_state(tmp_path / "vision", saved, None) == 3
    pretrain_vision(other, config, tmp_path, steps=4)
    assert load_state(tmp_path / "vision", saved, None) == 4
    torch.testing.assert_close(other.state_dict(), saved.state_dict())
