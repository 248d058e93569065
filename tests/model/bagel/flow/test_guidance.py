"""Guidance against its formula; scales of one change nothing and cost nothing."""

import pytest
import torch
from oracles.plain_turns import Scales, guide
from oracles.random_weights import noise
from torch import Tensor

from omnipersona.model.bagel.flow.guidance import GuidanceConfig, RenormType, guided

RENORMS: list[RenormType] = ["global", "channel", "text_channel"]
V, V_TEXT, V_IMAGE = noise(1, 6, 16), noise(2, 6, 16), noise(3, 6, 16)


def _guided(config: GuidanceConfig, v: Tensor = V) -> Tensor:
    return guided(v, V_TEXT, V_IMAGE, config)


@pytest.mark.parametrize("renorm", RENORMS)
@pytest.mark.parametrize("low", [0.0, 0.9, 1.0])
@pytest.mark.parametrize("image", [1.0, 2.0])
def test_guidance_is_its_formula(renorm: RenormType, low: float, image: float) -> None:
    config = GuidanceConfig(
        cfg_text_scale=4.0, cfg_img_scale=image, cfg_renorm_type=renorm, cfg_renorm_min=low
    )
    expected = guide(V, V_TEXT, V_IMAGE, Scales(text=4.0, image=image, renorm=renorm, low=low))
    torch.testing.assert_close(_guided(config), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("renorm", RENORMS)
def test_contexts_that_agree_give_the_conditional_velocity(renorm: RenormType) -> None:
    config = GuidanceConfig(cfg_text_scale=4.0, cfg_img_scale=2.0, cfg_renorm_type=renorm)
    same = guided(V, V, V, config)
    torch.testing.assert_close(same, V, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("scale", [0.0, 0.5, 1.0])
def test_a_text_scale_of_one_or_less_turns_all_guidance_off(scale: float) -> None:
    config = GuidanceConfig(cfg_text_scale=scale, cfg_img_scale=2.0, cfg_interval=(0.0, 1.0))
    assert not any(config.is_on(t) for t in (0.01, 0.5, 1.0))


def test_an_image_scale_of_one_never_looks_at_its_branch() -> None:
    config = GuidanceConfig(cfg_text_scale=4.0, cfg_img_scale=1.0)
    assert not config.needs_image
    unread = torch.full_like(V, torch.nan)
    assert torch.equal(guided(V, V_TEXT, unread, config), guided(V, V_TEXT, V_IMAGE, config))


def test_the_interval_is_open_below_and_closed_above() -> None:
    config = GuidanceConfig(cfg_interval=(0.4, 1.0))
    assert [config.is_on(t) for t in (0.0, 0.4, 0.41, 1.0)] == [False, False, True, True]


def test_the_global_renorm_never_makes_the_picture_longer() -> None:
    out = _guided(GuidanceConfig(cfg_text_scale=8.0, cfg_img_scale=2.0))
    assert float(out.norm()) <= float(V.norm()) + 1e-5


def test_the_channel_renorm_never_makes_a_token_longer() -> None:
    config = GuidanceConfig(cfg_text_scale=8.0, cfg_renorm_type="channel")
    assert bool((_guided(config).norm(dim=-1) <= V.norm(dim=-1) + 1e-5).all())


def test_the_text_renorm_leaves_the_image_step_alone() -> None:
    settings = GuidanceConfig(cfg_text_scale=4.0, cfg_renorm_type="text_channel")
    words = _guided(settings)
    both = _guided(
        GuidanceConfig(cfg_text_scale=4.0, cfg_img_scale=2.0, cfg_renorm_type="text_channel")
    )
    torch.testing.assert_close(both, V_IMAGE + 2.0 * (words - V_IMAGE))


def test_a_renorm_minimum_of_one_is_no_renorm() -> None:
    plain = V_TEXT + 4.0 * (V - V_TEXT)
    for renorm in RENORMS:
        config = GuidanceConfig(cfg_text_scale=4.0, cfg_renorm_type=renorm, cfg_renorm_min=1.0)
        torch.testing.assert_close(_guided(config), plain)


def test_an_unknown_renorm_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'local'"):
        GuidanceConfig(cfg_renorm_type="local")  # type: ignore[arg-type]  # the mistake under test
