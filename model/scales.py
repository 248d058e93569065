"""How strongly pictures follow words and sources: a model's defaults, and what a request changes.

Knows settings. Does not know pictures.
"""

from dataclasses import replace

from omnipersona.model.config import SamplingDefaults
from omnipersona.model.contract import DrawSettings
from omnipersona.model.flow.guidance import GuidanceConfig


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
