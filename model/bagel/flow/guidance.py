"""Classifier-free guidance with two scales, an interval and three ways to renormalise.

Knows three velocities (full, without text, without image), a model's default scales and what a
request changes. Does not know how velocities are made.
Source: Ho and Salimans 2022, arXiv:2207.12598; the two-scale form and the renorms are BAGEL's.
"""

# T latent tokens, E numbers per token

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from omnipersona.model.bagel.config import SamplingDefaults
from omnipersona.model.contract import DrawSettings

_EPS = 1e-8

RenormType = Literal["global", "channel", "text_channel"]


@dataclass(frozen=True, kw_only=True, slots=True)
class GuidanceConfig:
    """How strongly the words and the source picture pull.

    Attributes:
        cfg_text_scale: 1 or less turns both guidances off.
        cfg_img_scale: 1 or less turns image guidance off.
        cfg_interval: Guidance is on where low < t <= high, t being the shifted time.
        cfg_renorm_type: Norm over the whole picture, per token, or per token before the image step.
        cfg_renorm_min: Lower clamp of the renorm; 1 turns it off.
    """

    cfg_text_scale: float = 4.0
    cfg_img_scale: float = 1.0
    cfg_interval: tuple[float, float] = (0.4, 1.0)
    cfg_renorm_type: RenormType = "global"
    cfg_renorm_min: float = 0.0

    def __post_init__(self) -> None:
        if self.cfg_renorm_type not in ("global", "channel", "text_channel"):
            raise ValueError(
                f"cfg_renorm_type is '{self.cfg_renorm_type}'; "
                "it must be 'global', 'channel' or 'text_channel'"
            )

    def is_on(self, t: float) -> bool:
        """Whether guidance acts at time `t`."""
        low, high = self.cfg_interval
        return self.cfg_text_scale > 1.0 and low < t <= high

    @property
    def needs_image(self) -> bool:
        """Whether the image-free branch counts."""
        return self.cfg_img_scale > 1.0


def guided(v_TE: Tensor, v_text: Tensor, v_image: Tensor, config: GuidanceConfig) -> Tensor:
    """Combine the velocities of one picture.

    Args:
        v_TE: With the full context.
        v_text: With the text-free context.
        v_image: With the image-free context; not looked at unless `config.needs_image`.
        config: Scales and renorm; the caller has checked `config.is_on(t)`.
    """
    w = v_text + config.cfg_text_scale * (v_TE - v_text)
    per_token = config.cfg_renorm_type != "global"
    if config.cfg_renorm_type == "text_channel":
        w = _renormed(w, v_TE, config.cfg_renorm_min, per_token=per_token)
        return _image_step(w, v_image, config)
    w = _image_step(w, v_image, config)
    return _renormed(w, v_TE, config.cfg_renorm_min, per_token=per_token)


def _image_step(w: Tensor, v_image: Tensor, config: GuidanceConfig) -> Tensor:
    if not config.needs_image:
        return w
    return v_image + config.cfg_img_scale * (w - v_image)


def _renormed(w: Tensor, v: Tensor, low: float, *, per_token: bool) -> Tensor:
    if per_token:
        norms = (v.norm(dim=-1, keepdim=True), w.norm(dim=-1, keepdim=True))
    else:
        norms = (torch.linalg.vector_norm(v), torch.linalg.vector_norm(w))
    return w * (norms[0] / (norms[1] + _EPS)).clamp(low, 1.0)


def drawing_scales(defaults: SamplingDefaults) -> GuidanceConfig:
    """Return the guidance of new pictures."""
    return GuidanceConfig(
        cfg_text_scale=defaults.cfg_text_scale,
        cfg_img_scale=defaults.cfg_img_scale,
        cfg_interval=defaults.cfg_interval,
        cfg_renorm_type=defaults.cfg_renorm_type,
        cfg_renorm_min=defaults.cfg_renorm_min,
    )


def editing_scales(defaults: SamplingDefaults) -> GuidanceConfig:
    """Return the guidance of edits."""
    return GuidanceConfig(
        cfg_text_scale=defaults.edit_cfg_text_scale,
        cfg_img_scale=defaults.edit_cfg_img_scale,
        cfg_interval=defaults.edit_cfg_interval,
        cfg_renorm_type=defaults.edit_cfg_renorm_type,
        cfg_renorm_min=defaults.cfg_renorm_min,
    )


def with_settings(config: GuidanceConfig, settings: DrawSettings) -> GuidanceConfig:
    """Return guidance with the scales that a request names."""
    text, image = settings.cfg_text_scale, settings.cfg_img_scale
    return replace(
        config,
        cfg_text_scale=config.cfg_text_scale if text is None else text,
        cfg_img_scale=config.cfg_img_scale if image is None else image,
    )
