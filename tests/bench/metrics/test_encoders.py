"""Encoders give the unit vectors of the reference library, from a folder on disk alone."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoTokenizer, CLIPModel, Dinov2Model

from omnipersona.bench.metrics.encoders import ClipEncoder, DinoEncoder
from omnipersona.bench.metrics.errors import MetricError
from omnipersona.bench.metrics.pixels import clip_pixels


def _pictures(count: int) -> list[Image.Image]:
    levels = np.random.default_rng(1).integers(0, 256, (count, 40, 48, 3), dtype=np.uint8)
    return [Image.fromarray(one) for one in levels]


def test_clip_agrees_with_the_reference_model(clip_folder: Path) -> None:
    model = CLIPModel.from_pretrained(clip_folder)
    words = AutoTokenizer.from_pretrained(clip_folder)
    texts = ["a dog in the snow", "a cat"]
    pixels = clip_pixels(_pictures(3), 32)
    with torch.inference_mode():
        out = model(pixel_values=pixels, **words(texts, padding=True, return_tensors="pt"))
    encoder = ClipEncoder.load(clip_folder)
    np.testing.assert_allclose(encoder.images(_pictures(3)), out.image_embeds, atol=1e-5)
    np.testing.assert_allclose(encoder.texts(texts), out.text_embeds, atol=1e-5)


def test_rows_have_length_one_and_do_not_depend_on_their_batch(clip_folder: Path) -> None:
    encoder, pictures = ClipEncoder.load(clip_folder), _pictures(20)
    rows = encoder.images(pictures)
    assert rows.shape == (20, 12)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose(rows[17:18], encoder.images(pictures[17:18]), atol=1e-5)


def test_a_long_prompt_is_cut_where_clip_stops_reading(clip_folder: Path) -> None:
    encoder = ClipEncoder.load(clip_folder)
    assert encoder.texts(["dog " * 200]).shape == (1, 12)


def test_compat_changes_the_vectors(clip_folder: Path) -> None:
    pictures = _pictures(1)
    correct = ClipEncoder.load(clip_folder).images(pictures)
    compat = ClipEncoder.load(clip_folder, preprocess="unictokens_compat").images(pictures)
    assert not np.allclose(correct, compat, atol=1e-3)


def test_dino_gives_the_class_token(dino_folder: Path) -> None:
    encoder = DinoEncoder.load(dino_folder)
    rows = encoder.images([Image.new("RGB", (300, 260), "red")])
    red = torch.tensor([1.0, 0.0, 0.0])
    mean, std = torch.tensor((0.485, 0.456, 0.406)), torch.tensor((0.229, 0.224, 0.225))
    pixels = ((red - mean) / std).view(1, 3, 1, 1).expand(1, 3, 224, 224)
    with torch.inference_mode():
        token = Dinov2Model.from_pretrained(dino_folder)(pixel_values=pixels).last_hidden_state[
            0, 0
        ]
    np.testing.assert_allclose(rows[0], token / token.norm(), atol=1e-5)


def test_an_empty_folder_is_refused_with_the_way_to_fill_it(tmp_path: Path) -> None:
    with pytest.raises(MetricError, match="hf download openai/clip-vit-base-patch32"):
        ClipEncoder.load(tmp_path)
    with pytest.raises(MetricError, match=r"lacks config\.json, model\.safetensors\..*dinov2"):
        DinoEncoder.load(tmp_path)


def test_nothing_to_embed_is_refused(clip_folder: Path) -> None:
    with pytest.raises(ValueError, match="Nothing was given"):
        ClipEncoder.load(clip_folder).images([])
