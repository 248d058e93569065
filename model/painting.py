"""From paintings to events: a step, now and then a preview, and the finished picture.

Knows drawing and the contract's events. Does not know words, concepts or jobs.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image
from torch import Tensor

from omnipersona.model.contract import DrawSettings, ImageResult, StepEvent
from omnipersona.model.drawing import Grid, Painting, decode_tokens, draw
from omnipersona.model.flow.guidance import GuidanceConfig
from omnipersona.model.omni import OmniModel
from omnipersona.model.vision.images import to_image, write_png

MAX_TOGETHER: Final = 4
"""Pictures that are painted together at most: more would let the first one wait too long."""

_TOKENS_TOGETHER: Final = 4096
_NUM_PREVIEWS: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """A painting before its first step, and what is told of it.

    Attributes:
        painting: What is drawn.
        settings: Of its request; steps and scales are those of all that are painted together.
        seed: Of its noise.
        thought: What the model thought first, tags and all.
    """

    painting: Painting
    settings: DrawSettings
    seed: int
    thought: str = ""


def num_together(num_tokens: int) -> int:
    """Return how many pictures of so many latent tokens are worth painting together.

    Large pictures fill a device by themselves.
    """
    return max(1, min(MAX_TOGETHER, _TOKENS_TOGETHER // max(1, num_tokens)))


def paint(
    model: OmniModel, orders: Sequence[Order], config: GuidanceConfig
) -> Iterator[list[StepEvent | ImageResult]]:
    """Yield one event per order after each step, and at the end their pictures.

    Args:
        model: Of all contexts.
        orders: One at least; number of steps and step cache are the first one's.
        config: Scales of all.
    """
    started = time.monotonic()
    settings, sampling = orders[0].settings, model.config.sampling
    num_steps = settings.num_steps or sampling.num_steps
    every = max(1, num_steps // _NUM_PREVIEWS)
    steps = draw(
        [one.painting for one in orders],
        num_steps=num_steps,
        timestep_shift=sampling.timestep_shift,
        config=config,
        reuse_below=settings.reuse_below,
    )
    final = [one.painting.noise_TE for one in orders]
    for i, step in enumerate(steps, start=1):
        is_shown = i % every == 0 and i < num_steps
        yield [
            StepEvent(
                step=i,
                num_steps=num_steps,
                preview=_png(model, towards, one) if is_shown and one.settings.previews else None,
            )
            for one, (_, towards) in zip(orders, step, strict=True)
        ]
        final = [tokens for tokens, _ in step]
    yield [
        _result(model, one, tokens, num_steps, config, started)
        for one, tokens in zip(orders, final, strict=True)
    ]


def picture(model: OmniModel, tokens_TE: Tensor, grid: Grid) -> Image.Image:
    """Return the picture of latent tokens."""
    return to_image(decode_tokens(model, tokens_TE, grid))


def _png(model: OmniModel, tokens_TE: Tensor, order: Order) -> bytes:
    return write_png(picture(model, tokens_TE, order.painting.grid))


def _result(
    model: OmniModel,
    order: Order,
    tokens_TE: Tensor,
    num_steps: int,
    config: GuidanceConfig,
    started: float,
) -> ImageResult:
    image = picture(model, tokens_TE, order.painting.grid)
    return ImageResult(
        png=write_png(image),
        width=image.width,
        height=image.height,
        seed=order.seed,
        num_steps=num_steps,
        cfg_text_scale=config.cfg_text_scale,
        cfg_img_scale=config.cfg_img_scale,
        elapsed_ms=(time.monotonic() - started) * 1000.0,
        thought=order.thought,
    )
