"""Classifier-free guidance with two scales, an interval and three ways to renormalise.

Knows three velocities (full, without text, without image). Does not know how they were made.
Source: Ho and Salimans 2022, arXiv:2207.12598; the two-scale form and the renorms are BAGEL's.
"""

# T latent tokens, E numbers per token

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

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


def guided(
    v_TE: Tensor,
    without_text: Callable[[], Tensor],
    without_image: Callable[[], Tensor],
    config: GuidanceConfig,
) -> Tensor:
    """Combine one picture's velocities; the two branches are computed only if needed.

    Args:
        v_TE: Velocity with the full context, (T, E).
        without_text: Returns the velocity with the text-free context.
        without_image: Returns the velocity with the image-free context.
        config: Scales and renorm; the caller has checked `config.is_on(t)`.
    """
    v_text = without_text()
    w = v_text + config.cfg_text_scale * (v_TE - v_text)
    if config.cfg_renorm_type == "text_channel":
        w = _renormed(w, v_TE, config.cfg_renorm_min, per_token=True)
        return _image_step(w, without_image, config.cfg_img_scale)
    w = _image_step(w, without_image, config.cfg_img_scale)
    per_token = config.cfg_renorm_type == "channel"
    return _renormed(w, v_TE, config.cfg_renorm_min, per_token=per_token)


def _image_step(w: Tensor, without_image: Callable[[], Tensor], scale: float) -> Tensor:
    if scale <= 1.0:
        return w
    v_image = without_image()
    return v_image + scale * (w - v_image)


def _renormed(w: Tensor, v: Tensor, low: float, *, per_token: bool) -> Tensor:
    if per_token:
        norms = (v.norm(dim=-1, keepdim=True), w.norm(dim=-1, keepdim=True))
    else:
        norms = (torch.linalg.vector_norm(v), torch.linalg.vector_norm(w))
    return w * (norms[0] / (norms[1] + _EPS)).clamp(low, 1.0)
