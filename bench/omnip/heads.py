"""A small head on frozen vision features that tells one concept from others of its kind.

Knows features and a linear classifier. Does not know tokens.
Source of the idea: MyVLM (Alaluf et al. 2024).
"""

from collections.abc import Callable
from typing import Final

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from omnipersona.model.bagel.concept_training.dataset import draw_roughly
from omnipersona.model.bagel.images import read_png
from omnipersona.model.bagel.pipeline import Pipeline
from omnipersona.model.bagel.sequence import seen_image
from omnipersona.model.contract import LearnRequest

_NUM_OTHERS: Final = 10
_STEPS: Final = 200
_RATE: Final = 0.05
_DECAY: Final = 1e-2


def recognition_head(pipeline: Pipeline, lesson: LearnRequest) -> Callable[[bytes], float]:
    """Train a head on the photos against the model's own drawings of the kind.

    Returns: What gives the head's probability that a picture shows the concept.
    """
    photos = [read_png(photo.whole) for photo in lesson.photos]
    *_, others = draw_roughly(pipeline, [f"a {lesson.kind or 'animal'}"] * _NUM_OTHERS, lesson.seed)
    assert others is not None, "drafts end with pictures"
    features = torch.stack([_features(pipeline, image) for image in (*photos, *others)])
    center, spread = features.mean(0), features.std(0) + 1e-3
    wanted = torch.tensor([1.0] * len(photos) + [0.0] * len(others))
    # Ours: scikit-learn's regression ends elsewhere than these steps, and published figures do not.
    head = torch.nn.Linear(features.shape[1], 1)
    torch.nn.init.zeros_(head.weight)
    optimizer = torch.optim.AdamW(head.parameters(), lr=_RATE, weight_decay=_DECAY)
    with torch.enable_grad():
        for _ in range(_STEPS):
            logits = head((features - center) / spread)[:, 0]
            loss = F.binary_cross_entropy_with_logits(logits, wanted)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    def recognises(png: bytes) -> float:
        with torch.no_grad():
            seen = (_features(pipeline, read_png(png)) - center) / spread
            return float(head(seen[None])[0, 0].sigmoid())

    return recognises


@torch.no_grad()
def _features(pipeline: Pipeline, image: Image.Image) -> Tensor:
    """Return mean and maximum of the vision rows (2 D,)."""
    segment = seen_image(pipeline.config, pipeline.vision_pixels(image))
    rows = pipeline.model.vision_rows(
        segment.patches, segment.position_ids, [len(segment.patches)]
    ).float()
    return torch.cat([rows.mean(0), rows.amax(0)])
