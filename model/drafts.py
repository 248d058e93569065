"""Rough pictures for lessons, many at once: fewer steps, no previews.

Knows the studio and drawing. Does not know what the pictures are for.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import torch
from PIL import Image

from omnipersona.model.contract import EditRequest, GenerateRequest
from omnipersona.model.drawing import Painting, draw
from omnipersona.model.flow.guidance import GuidanceConfig
from omnipersona.model.painting import picture
from omnipersona.model.scales import drawing_scales, editing_scales
from omnipersona.model.studio import Studio
from omnipersona.model.vision.images import write_png

_NUM_STEPS: Final = 10
_ROWS: Final = 4096

Drafts = Iterator[list[Image.Image] | None]


def draw_drafts(studio: Studio, prompts: Sequence[str], seed: int) -> Drafts:
    """Yield None per prompt read and per step, then a picture of each prompt."""
    generator = torch.Generator().manual_seed(seed)
    paintings = []
    for prompt in prompts:
        with torch.no_grad():
            paintings.append(studio.drawing_of(GenerateRequest(prompt=prompt), generator))
        yield None
    yield from _painted(studio, paintings, drawing_scales(studio.config.sampling))


def edit_drafts(
    studio: Studio, images: Sequence[Image.Image], instructions: Sequence[str], seed: int
) -> Drafts:
    """Yield None per picture read and per step, then each picture changed by its instruction."""
    generator = torch.Generator().manual_seed(seed)
    paintings = []
    for image, text in zip(images, instructions, strict=True):
        request = EditRequest(image=write_png(image), instruction=text)
        with torch.no_grad():
            paintings.append(studio.editing_of(request, generator))
        yield None
    yield from _painted(studio, paintings, editing_scales(studio.config.sampling))


@torch.no_grad()
def _painted(studio: Studio, paintings: list[Painting], config: GuidanceConfig) -> Drafts:
    """Draw as many together as `_ROWS` allows; small pictures all at once."""
    shift = studio.config.sampling.timestep_shift
    together = max(1, _ROWS // max(painting.grid.num_tokens for painting in paintings))
    images = []
    for start in range(0, len(paintings), together):
        part = paintings[start : start + together]
        last = [painting.noise_TE for painting in part]
        for step in draw(part, num_steps=_NUM_STEPS, timestep_shift=shift, config=config):
            last = [tokens for tokens, _ in step]
            yield None
        images += [
            picture(studio.model, tokens, one.grid) for tokens, one in zip(last, part, strict=True)
        ]
    yield images
