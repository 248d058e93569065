"""Models of random weights, and what they are timed with: pictures before their first step.

Speed does not depend on what weights say, except for step caching. Knows sizes and devices. Does
not know clocks.
"""

import random
from dataclasses import dataclass, replace
from typing import Final

import torch

from omnipersona.model.bagel.checkpoint.inspect import skeleton
from omnipersona.model.bagel.checkpoint.quantize import is_expert_matrix, put_shrunk
from omnipersona.model.bagel.config import (
    AutoencoderConfig,
    ModelConfig,
    ResizeRule,
    TextConfig,
    VisionConfig,
)
from omnipersona.model.bagel.flow.sampling import DrawInputs, Grid
from omnipersona.model.bagel.images import fitted_size
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.prompt_layout import ConceptRows, Prompter
from omnipersona.model.bagel.sequence import (
    GenImage,
    Markers,
    TextSegment,
    UndImage,
    clean_image,
    seen_image,
)
from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.model.bagel.velocity_batch import CFGContexts
from omnipersona.model.contract import Weights
from omnipersona.model.engine.devices import Device

_SIDE: Final = 128
_WORDS: Final = 24


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """How much is timed.

    Attributes:
        width: Of the decoder.
        layers: Of the decoder.
        num_steps: Velocity evaluations per picture; the published default is 49.
        repeats: Runs, of which the median counts.
    """

    width: int
    layers: int
    num_steps: int
    repeats: int


def small_sizes(load: Load) -> ModelConfig:
    """Return the sizes of a model for 128-pixel pictures of 64 latent tokens."""
    rule = ResizeRule(max_side=_SIDE, min_side=_SIDE, stride=16)
    return ModelConfig(
        text=TextConfig(
            vocab_size=2048,
            hidden_size=load.width,
            intermediate_size=4 * load.width,
            num_hidden_layers=load.layers,
            num_attention_heads=load.width // 64,
            num_key_value_heads=max(1, load.width // 256),
        ),
        vision=VisionConfig(
            hidden_size=256,
            intermediate_size=512,
            num_hidden_layers=3,
            num_attention_heads=4,
            patch_size=16,
            image_size=_SIDE,
        ),
        autoencoder=AutoencoderConfig(
            z_channels=16, downsample=8, ch=8, ch_mult=(1, 1, 1, 1), num_res_blocks=1, num_groups=4
        ),
        max_latent_size=8,
        vit_max_num_patch_per_side=8,
        vae_resize=rule,
        vit_resize=replace(rule, stride=16),
        image_size=_SIDE,
        name="random weights",
    )


@torch.no_grad()
def random_weights(config: ModelConfig, device: Device, weights: Weights = "full") -> OmniModel:
    """Return a model of small random weights, made on its device one by one."""
    net = skeleton(config)
    generator = torch.Generator(device.name).manual_seed(0)
    for name, blank in list(net.named_parameters()):
        dtype = torch.float32 if name.startswith("autoencoder.") else device.dtype
        drawn = torch.randn(blank.shape, generator=generator, device=device.name, dtype=dtype)
        drawn = drawn * blank.shape[-1] ** -0.5 if blank.dim() > 1 else 1.0 + 0.1 * drawn
        if weights != "full" and is_expert_matrix(name):
            put_shrunk(net, name, drawn.cpu(), weights, device.name)
            continue
        parent, _, child = name.rpartition(".")
        setattr(net.get_submodule(parent), child, torch.nn.Parameter(drawn))
    for name, table in list(net.named_buffers()):
        setattr(net, name, table.to(device.name, device.dtype))
    return net.eval()


class Stage:
    """Paintings of one model: with words, with a source picture, with concepts."""

    def __init__(self, model: OmniModel) -> None:
        self.model = model
        side = model.config.image_size // model.config.latent_stride
        self.grid = Grid(rows=side, columns=side)
        self.markers = Markers(start_of_image=1, end_of_image=2)
        self.tokenizer = Tokenizer.train(["<c0> is here"], 300)

    def concept(self, seed: int) -> torch.Tensor:
        """Return the vectors (33, D) of a concept."""
        generator = torch.Generator().manual_seed(seed)
        return torch.randn(33, self.model.config.text.hidden_size, generator=generator)

    def prompter(self) -> Prompter:
        """Return a prompter with one filled slot."""
        return Prompter(self.tokenizer, [ConceptRows(start=0, num_und=16, num_gen=16)])

    def words(self, seed: int, count: int = _WORDS) -> TextSegment:
        """Return a text of random tokens."""
        rng = random.Random(seed)
        return TextSegment(ids=[rng.randrange(3, 290) for _ in range(count)])

    def picture(self, seed: int) -> tuple[GenImage, UndImage]:
        """Return a picture of noise, as latents and as vision patches."""
        config, generator = self.model.config, torch.Generator().manual_seed(seed)
        width, height = fitted_size(config.image_size, config.image_size, config.vit_resize)
        pixels = torch.randn(3, height, width, generator=generator)
        side = config.image_size // config.autoencoder.downsample
        latents = torch.randn(config.autoencoder.z_channels, side, side, generator=generator)
        return clean_image(config, latents), seen_image(config, pixels)

    def inputs(
        self, seed: int, *, has_source: bool = False, has_concept: bool = False
    ) -> DrawInputs:
        """Return a picture before its first step."""
        config, generator = self.model.config, torch.Generator().manual_seed(seed)
        guidance = CFGContexts.empty(self.model, self.markers, self.concept(seed))
        if has_concept:
            guidance.add_prefix(self.prompter().prefix(0, "draw"), keep_without_text=True)
        if has_source:
            guidance.add_picture(*self.picture(seed))
        guidance.add_text(self.words(seed))
        noise = torch.randn(self.grid.num_tokens, config.latent_width, generator=generator)
        return DrawInputs(guidance=guidance, noise_TE=noise, grid=self.grid)
