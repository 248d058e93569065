"""How fast pictures are made, as ratios to the plain path, on random weights; step caching on nano.

Pairs run in turns, so that a busy machine slows both alike. Knows models of random weights and
clocks. Does not know quality.
"""

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Final

import torch

from omnipersona.bench.plain_path import draw_plainly
from omnipersona.model.concept.prompt import ConceptRows, Prompter
from omnipersona.model.config import (
    AutoencoderConfig,
    ModelConfig,
    ResizeRule,
    TextConfig,
    VisionConfig,
)
from omnipersona.model.contract import GenerateRequest
from omnipersona.model.drawing import Grid, Painting, draw
from omnipersona.model.flow.guidance import GuidanceConfig
from omnipersona.model.omni import OmniModel
from omnipersona.model.runtime import NANO, load_studio
from omnipersona.model.scales import drawing_scales
from omnipersona.model.sequence.context import Guidance
from omnipersona.model.sequence.pack import Markers
from omnipersona.model.sequence.pictures import clean_image, seen_image
from omnipersona.model.sequence.segments import TextSegment
from omnipersona.model.studio import Studio
from omnipersona.model.text.tokenizer import Tokenizer

_SHIFT: Final = 3.0
_WORDS: Final = 24
_SIDE: Final = 128
_REUSE_BELOW: Final = 0.1
_PROMPT: Final = "a blue dog with a yellow ball at the beach"
_DRAWING: Final = GuidanceConfig(cfg_text_scale=4.0, cfg_img_scale=1.0, cfg_interval=(0.4, 1.0))
_EDITING: Final = GuidanceConfig(cfg_text_scale=4.0, cfg_img_scale=2.0, cfg_interval=(0.0, 1.0))

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """How much is timed.

    Attributes:
        width: Of the decoder.
        layers: Of the decoder.
        num_steps: Velocity evaluations per picture; the published default is 49.
        repeats: Pairs, of which the median counts.
    """

    width: int
    layers: int
    num_steps: int
    repeats: int


FULL: Final = Load(width=768, layers=12, num_steps=49, repeats=3)
QUICK: Final = Load(width=256, layers=6, num_steps=49, repeats=3)


@dataclass(frozen=True, slots=True)
class SpeedRow:
    """One comparison: medians in seconds and their ratio; above 1 is faster than the yardstick."""

    name: str
    seconds: float
    yardstick_s: float
    ratio: float
    n: int


def speed_model(load: Load) -> OmniModel:
    """Return a model of random weights for 128-pixel pictures of 64 latent tokens."""
    rule = ResizeRule(max_side=_SIDE, min_side=_SIDE, stride=16)
    config = ModelConfig(
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
    torch.manual_seed(0)
    return OmniModel(config).eval()


class _Stage:
    """Paintings of one model: with words, with a source picture, with concepts."""

    def __init__(self, model: OmniModel) -> None:
        self.model = model
        self.grid = Grid(rows=8, columns=8)
        self.markers = Markers(start_of_image=1, end_of_image=2)

    def painting(
        self, seed: int, *, has_source: bool = False, has_concept: bool = False
    ) -> Painting:
        """Return a picture before its first step."""
        config, generator = self.model.config, torch.Generator().manual_seed(seed)
        soft = torch.randn(33, config.text.hidden_size, generator=generator)
        guidance = Guidance.empty(self.model, self.markers, soft)
        if has_concept:
            tokenizer = Tokenizer.train(["<c0> is here"], 300)
            rows = ConceptRows(start=0, num_und=16, num_gen=16)
            guidance.add_prefix(
                Prompter(tokenizer, [rows]).prefix(0, "draw"), keep_without_text=True
            )
        if has_source:
            pixels = torch.randn(3, _SIDE, _SIDE, generator=generator)
            latents = torch.randn(16, _SIDE // 8, _SIDE // 8, generator=generator)
            guidance.add_picture(clean_image(config, latents), seen_image(config, pixels))
        rng = random.Random(seed)
        guidance.add_text(TextSegment(ids=[rng.randrange(3, 2000) for _ in range(_WORDS)]))
        noise = torch.randn(self.grid.num_tokens, config.latent_width, generator=generator)
        return Painting(guidance=guidance, noise_TE=noise, grid=self.grid)


@torch.no_grad()
def run_speed(*, quick: bool, on_progress: Progress) -> list[SpeedRow]:
    """Time every pair.

    Args:
        quick: A smaller model.
        on_progress: Told the name of each pair as it begins.
    """
    load = QUICK if quick else FULL
    stage = _Stage(speed_model(load))
    rows = []
    for name, ours, plain in _pairs(stage, load):
        on_progress(name)
        rows.append(_timed(name, ours, plain, load.repeats))
    return rows


def _pairs(
    stage: _Stage, load: Load
) -> Iterator[tuple[str, Callable[[], object], Callable[[], object]]]:
    def ours(paintings: Sequence[Painting], config: GuidanceConfig) -> Callable[[], object]:
        return lambda: list(
            draw(paintings, num_steps=load.num_steps, timestep_shift=_SHIFT, config=config)
        )

    def plain(painting: Painting, config: GuidanceConfig) -> Callable[[], object]:
        return lambda: list(
            draw_plainly(painting, num_steps=load.num_steps, timestep_shift=_SHIFT, config=config)
        )

    picture, edit = stage.painting(1), stage.painting(2, has_source=True)
    yield "t2i_vs_plain_path", ours([picture], _DRAWING), plain(picture, _DRAWING)
    yield "edit_vs_plain_path", ours([edit], _EDITING), plain(edit, _EDITING)
    four = [stage.painting(seed, has_concept=True) for seed in range(4)]
    alone = [ours([one], _DRAWING) for one in four]
    yield "batch4_vs_single", ours(four, _DRAWING), lambda: [run() for run in alone]
    # How often layers are left out depends on real weights.
    nano, _ = load_studio(NANO)
    cached, whole = (_nano_drawing(nano, load, limit) for limit in (_REUSE_BELOW, None))
    yield "step_cache_vs_whole", cached, whole


def _nano_drawing(studio: Studio, load: Load, reuse_below: float | None) -> Callable[[], object]:
    painting = studio.drawing_of(GenerateRequest(prompt=_PROMPT), torch.Generator().manual_seed(0))
    sampling = studio.config.sampling
    return lambda: list(
        draw(
            [painting],
            num_steps=load.num_steps,
            timestep_shift=sampling.timestep_shift,
            config=drawing_scales(sampling),
            reuse_below=reuse_below,
        )
    )


def _timed(
    name: str, ours: Callable[[], object], yardstick: Callable[[], object], repeats: int
) -> SpeedRow:
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for work, found in zip((ours, yardstick), times, strict=True):
            started = time.perf_counter()
            work()
            found.append(time.perf_counter() - started)
    mine, other = median(times[0]), median(times[1])
    return SpeedRow(name, mine, other, other / mine, repeats)


def speed_table(rows: Sequence[SpeedRow]) -> str:
    """Write rows as an aligned table."""
    lines = [f"{'name':<22}{'seconds':>9}{'yardstick':>11}{'ratio':>7}"]
    lines += [
        f"{row.name:<22}{row.seconds:>9.2f}{row.yardstick_s:>11.2f}{row.ratio:>7.2f}"
        for row in rows
    ]
    return "\n".join(lines)


def speed_json(rows: Sequence[SpeedRow]) -> str:
    """Write rows as one JSON object."""
    return json.dumps({"rows": [asdict(row) for row in rows]})
