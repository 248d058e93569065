"""Sizes and constants of a model, read from the JSON files of a checkpoint folder.

Knows the published layout (`llm_config.json`, `vit_config.json`, optional `config.json`) and the
constants that the published model does not write down. Does not know weights or tensors.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self, get_args

from omnipersona.model.contract import Preset
from omnipersona.model.errors import WeightsError


@dataclass(frozen=True, kw_only=True, slots=True)
class TextConfig:
    """The decoder: Qwen2 with an und and a gen expert in every layer."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    rms_norm_eps: float = 1e-6
    rope_theta: float = 1e6

    def __post_init__(self) -> None:
        heads = ("num_attention_heads", "num_key_value_heads")
        for name in ("vocab_size", "num_hidden_layers", *heads):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")
        if self.hidden_size % self.num_attention_heads:
            raise ValueError(
                f"hidden_size {self.hidden_size} is not divisible by "
                f"num_attention_heads {self.num_attention_heads}"
            )
        if self.num_attention_heads % self.num_key_value_heads:
            raise ValueError(
                f"num_attention_heads {self.num_attention_heads} is not divisible by "
                f"num_key_value_heads {self.num_key_value_heads}"
            )

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.hidden_size // self.num_attention_heads


@dataclass(frozen=True, kw_only=True, slots=True)
class VisionConfig:
    """The SigLIP-style vision encoder.

    `num_hidden_layers` is the number in the JSON; the last one is never built, because features
    are read before it.
    """

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    patch_size: int
    image_size: int
    num_channels: int = 3
    layer_norm_eps: float = 1e-6

    @property
    def num_kept_layers(self) -> int:
        """Encoder layers that exist in a checkpoint."""
        return self.num_hidden_layers - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class AutoencoderConfig:
    """The FLUX-style autoencoder; the defaults are the published model's constants.

    With `decoder_ch_mult` the decoder has levels of its own; one more than the encoder makes
    pictures twice as large as those that were encoded.
    """

    in_channels: int = 3
    out_ch: int = 3
    z_channels: int = 16
    downsample: int = 8
    ch: int = 128
    ch_mult: tuple[int, ...] = (1, 2, 4, 4)
    num_res_blocks: int = 2
    num_groups: int = 32
    scale_factor: float = 0.3611
    shift_factor: float = 0.1159
    decoder_ch_mult: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.downsample != 2 ** (len(self.ch_mult) - 1):
            raise ValueError(
                f"downsample {self.downsample} does not agree with {len(self.ch_mult)} levels "
                f"(ch_mult {self.ch_mult}), which halve the picture {len(self.ch_mult) - 1} times"
            )
        if len(self.decoder_levels) < len(self.ch_mult):
            raise ValueError(
                f"decoder_ch_mult {self.decoder_ch_mult} has fewer levels than ch_mult "
                f"{self.ch_mult}; a decoder cannot make pictures smaller than they were"
            )

    @property
    def decoder_levels(self) -> tuple[int, ...]:
        """Widths of the decoder's levels, as multiples of `ch`, the finest first."""
        return self.decoder_ch_mult or self.ch_mult


@dataclass(frozen=True, kw_only=True, slots=True)
class ResizeRule:
    """How a picture is fitted to a stride; see `omnipersona.model.bagel.images.fitted_size`."""

    max_side: int
    min_side: int
    stride: int
    max_pixels: int = 14 * 14 * 9 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class PositionWaves:
    """Frequencies of the two-dimensional position tables; the defaults are the published ones.

    On a grid of eight places a side most of the published waves hardly turn, so neighbours look
    alike; a small grid wants a small range.

    Attributes:
        fastest: Radians from one place of the grid to the next, of the first wave.
        range: How many times slower the waves get.
    """

    fastest: float = 1.0
    range: float = 10_000.0


@dataclass(frozen=True, kw_only=True, slots=True)
class SamplingDefaults:
    """Defaults of drawing and editing; `num_steps` counts velocity evaluations.

    With an `edit_limit` only those parts of a picture are drawn anew that an instruction moves
    further (`flow.edit_mask`); without, as published, all of it. With `edit_fresh_noise` every
    step there goes on with other noise, so that what is drawn fits what stays.
    """

    num_steps: int = 49
    timestep_shift: float = 3.0
    cfg_text_scale: float = 4.0
    cfg_img_scale: float = 1.0
    cfg_interval: tuple[float, float] = (0.4, 1.0)
    cfg_renorm_type: Literal["global", "channel", "text_channel"] = "global"
    cfg_renorm_min: float = 0.0
    edit_cfg_text_scale: float = 4.0
    edit_cfg_img_scale: float = 2.0
    edit_cfg_interval: tuple[float, float] = (0.0, 1.0)
    edit_cfg_renorm_type: Literal["global", "channel", "text_channel"] = "text_channel"
    edit_limit: float | None = None
    edit_fresh_noise: bool = False


Prediction = Literal["velocity", "preconditioned"]

_PREDICTIONS: Final[tuple[Prediction, ...]] = get_args(Prediction)


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelConfig:
    """Everything that differs between the two sizes of the architecture.

    Attributes:
        text: The decoder.
        vision: The vision encoder.
        autoencoder: The picture autoencoder.
        latent_patch_size: Side of one latent token, in latent cells.
        max_latent_size: Side of the latent position grid, in tokens.
        vit_max_num_patch_per_side: Side of the vision position grid, in patches.
        positions: Of the tables that say where a latent token or a vision patch lies.
        prediction: What `llm2vae` returns: the velocity, or what `model.bagel.flow` turns into one.
        edit_ports: Whether the source of an edit, beside its latents in the context, lies at the
            edit's own cells, which are copied but for what the network changes
            (`model.omni.EditPorts`); the published model has none.
        keep_concepts_in_cfg_text: Whether the concept prefix stays in the text-free context.
        sampling: Defaults of drawing and editing.
        vae_resize: Rule for pictures on their way to the autoencoder.
        vit_resize: Rule for pictures on their way to the vision encoder.
        image_size: Side of a drawing where none is asked for, pixels.
        display_size: Side at which the page shows a drawing, pixels.
        name: For people.
        world: One sentence on what the model can see and draw.
        max_strangeness: The strangest picture that still counts as one of its world
            (`model.bagel.ood`); None where every picture does.
        num_examples: In-context examples its text tasks work best with.
        can_think: Whether it was trained to think in words first.
        num_images: Pictures that a question may be about.
        num_references: Pictures that a drawing or an edit may go by.
        ratios: Width to height of drawings that it does well.
        languages: Codes of languages that it reads.
        lesson: Preset of a whole lesson.
        longest_answer: Of a question about pictures, tokens, where a request names no limit.
    """

    text: TextConfig
    vision: VisionConfig
    autoencoder: AutoencoderConfig = AutoencoderConfig()
    latent_patch_size: int = 2
    max_latent_size: int = 64
    vit_max_num_patch_per_side: int = 70
    positions: PositionWaves = PositionWaves()
    prediction: Prediction = "velocity"
    edit_ports: bool = False
    keep_concepts_in_cfg_text: bool = False
    sampling: SamplingDefaults = SamplingDefaults()
    vae_resize: ResizeRule = ResizeRule(max_side=1024, min_side=512, stride=16)
    vit_resize: ResizeRule = ResizeRule(max_side=980, min_side=224, stride=14)
    image_size: int = 1024
    display_size: int = 1024
    name: str = "BAGEL-7B-MoT"
    world: str = "It sees and draws real photos and free pictures."
    max_strangeness: float | None = None
    num_examples: int = 4
    can_think: bool = True
    num_images: int = 8
    num_references: int = 4
    ratios: tuple[tuple[int, int], ...] = ((1, 1), (4, 3), (3, 4), (16, 9), (9, 16))
    languages: tuple[str, ...] = ("en", "zh")
    lesson: Preset = "paper"
    longest_answer: int = 512

    def __post_init__(self) -> None:
        if self.prediction not in _PREDICTIONS:
            raise ValueError(
                f"prediction is '{self.prediction}'; it must be one of {', '.join(_PREDICTIONS)}"
            )

    @property
    def latent_width(self) -> int:
        """Numbers in one latent token."""
        return self.latent_patch_size**2 * self.autoencoder.z_channels

    @property
    def latent_stride(self) -> int:
        """Pixels along one side of a latent token."""
        return self.latent_patch_size * self.autoencoder.downsample

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the JSON files of a checkpoint folder.

        Raises:
            WeightsError: A file is missing, is not JSON, or lacks a key.
        """
        extra = _read_json(folder / "config.json") if (folder / "config.json").exists() else {}
        try:
            text, vision = (_read_json(folder / f"{n}_config.json") for n in ("llm", "vit"))
            return cls._from_json(text, vision, extra)
        except (TypeError, ValueError, KeyError) as error:
            raise WeightsError(
                f"The configuration in {folder} cannot be used: {error}. "
                "Compare it with the published llm_config.json and vit_config.json."
            ) from error

    @classmethod
    def _from_json(
        cls, text: dict[str, Any], vision: dict[str, Any], extra: dict[str, Any]
    ) -> Self:
        ours: dict[str, Any] = dict(extra.get("omnipersona", {}))
        for name, kind in _NESTED.items():
            if name in ours:
                ours[name] = kind(**_tuples(ours[name]))
        for name in ("latent_patch_size", "max_latent_size", "vit_max_num_patch_per_side"):
            if name in extra:
                ours[name] = extra[name]
        vae: dict[str, Any] = dict(extra.get("vae_config", {}))
        for name in ("ch_mult", "decoder_ch_mult"):
            if vae.get(name) is not None:
                vae[name] = tuple(vae[name])
        return cls(
            text=TextConfig(**_only(TextConfig, text)),
            vision=VisionConfig(**_only(VisionConfig, vision)),
            autoencoder=AutoencoderConfig(**vae),
            **_tuples(ours),
        )

    def write(self, folder: Path) -> None:
        """Write the JSON files that `read` reads."""
        ours = asdict(self)
        files = {
            "llm_config.json": {
                "model_type": "qwen2",
                "qk_norm": True,
                "tie_word_embeddings": False,
                **ours.pop("text"),
            },
            "vit_config.json": {"model_type": "siglip_vision_model", **ours.pop("vision")},
            "config.json": {
                "model_type": "bagel",
                "vae_config": ours.pop("autoencoder"),
                **{
                    k: ours.pop(k)
                    for k in ("latent_patch_size", "max_latent_size", "vit_max_num_patch_per_side")
                },
                "omnipersona": ours,
            },
        }
        for name, content in files.items():
            (folder / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


_NESTED: dict[str, Any] = {
    "positions": PositionWaves,
    "sampling": SamplingDefaults,
    "vae_resize": ResizeRule,
    "vit_resize": ResizeRule,
}


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    """Return values as JSON gives them, with tuples for its lists."""

    def frozen(value: object) -> object:
        return tuple(map(frozen, value)) if isinstance(value, list) else value

    return {key: frozen(value) for key, value in values.items()}


def _only(kind: Any, values: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in values.items() if k in kind.__dataclass_fields__}


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise WeightsError(
            f"{path.name} is missing in {path.parent}. A checkpoint folder holds ema.safetensors, "
            "ae.safetensors, llm_config.json and vit_config.json."
        ) from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise WeightsError(f"{path} is not valid JSON ({error}). Fetch the file again.") from error
    if not isinstance(content, dict):
        raise WeightsError(f"{path} holds {type(content).__name__}, not a JSON object.")
    return content


def tiny() -> ModelConfig:
    """Return a real model at toy width: random weights, CPU, under a second; for tests."""
    return ModelConfig(
        text=TextConfig(
            vocab_size=300,
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
        ),
        vision=VisionConfig(
            hidden_size=24,
            intermediate_size=32,
            num_hidden_layers=3,
            num_attention_heads=2,
            patch_size=8,
            image_size=32,
        ),
        autoencoder=AutoencoderConfig(
            z_channels=4, downsample=4, ch=8, ch_mult=(1, 1, 2), num_res_blocks=1, num_groups=4
        ),
        max_latent_size=4,
        vit_max_num_patch_per_side=4,
        sampling=SamplingDefaults(num_steps=3),
        vae_resize=ResizeRule(max_side=32, min_side=16, stride=8),
        vit_resize=ResizeRule(max_side=32, min_side=16, stride=8),
        image_size=32,
        display_size=128,
        name="tiny",
        world="It has random weights and knows nothing.",
        num_examples=1,
        num_images=2,
        num_references=1,
        ratios=((1, 1),),
        languages=("en",),
        lesson="nano",
    )
