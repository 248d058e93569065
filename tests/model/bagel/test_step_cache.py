"""Step caching and fewer steps keep the picture; guidance left out would not."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from omnipersona.model.bagel.backbone import load_pipeline
from omnipersona.model.bagel.flow.guidance import drawing_scales
from omnipersona.model.bagel.flow.sampling import draw
from omnipersona.model.bagel.pipeline import Pipeline
from omnipersona.model.contract import GenerateRequest

PROMPTS = ("a red cat with white spots in the snow", "a blue dog with a yellow ball at the beach")
STEPS = 49


@torch.no_grad()
def _drawn(
    pipeline: Pipeline,
    *,
    reuse_below: float | None = None,
    scale: float = 3.0,
    num_steps: int = STEPS,
) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    inputs_list = [pipeline.drawing_of(GenerateRequest(prompt=one), generator) for one in PROMPTS]
    sampling = pipeline.config.sampling
    *_, last = draw(
        inputs_list,
        num_steps=num_steps,
        timestep_shift=sampling.timestep_shift,
        config=replace(drawing_scales(sampling), cfg_text_scale=scale),
        reuse_below=reuse_below,
    )
    return torch.stack([tokens for tokens, _ in last])


@pytest.mark.slow
def test_a_cached_drawing_stays_near_the_whole_one() -> None:
    pipeline, _ = load_pipeline("nano")
    whole, unguided = _drawn(pipeline), _drawn(pipeline, scale=1.0)
    deep: list[int] = []
    pipeline.model.decoder.layers[1].register_forward_hook(lambda *_: deep.append(1))
    cached = _drawn(pipeline, reuse_below=0.1)
    # Contexts run whole; of the 49 steps at least half run the first layer alone.
    assert len(deep) < 2 * len(PROMPTS) + STEPS / 2
    lost = (cached - whole).square().mean()
    assert lost < 0.2 * (unguided - whole).square().mean()


@pytest.mark.slow
def test_fewer_steps_stay_near_the_whole_drawing() -> None:
    pipeline, _ = load_pipeline("nano")
    whole, unguided = _drawn(pipeline), _drawn(pipeline, scale=1.0)
    lost = (_drawn(pipeline, num_steps=20) - whole).square().mean()
    assert lost < 0.2 * (unguided - whole).square().mean()
