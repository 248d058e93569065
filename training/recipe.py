"""The recipe of nano, read from `recipe.toml`: sizes, data mix, schedule."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from omnipersona.model.bagel.config import (
    AutoencoderConfig,
    ModelConfig,
    PositionWaves,
    ResizeRule,
    SamplingDefaults,
    TextConfig,
    VisionConfig,
)

RECIPE: Final = Path(__file__).with_name("recipe.toml")
WORLD: Final = (
    "It sees and draws a little world of cats, dogs, bears, rabbits, foxes and birds in twelve "
    "colours, with clothes and toys, in eight places. Real photos and all else need BAGEL: "
    "start `omnipersona --model PATH`, where PATH is its checkpoint."
)


_TEXT_TASKS: Final = ("text", "echo")
_TASKS: Final = ("draw", "look", "recognise", "edit", "facts", "told", *_TEXT_TASKS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """Samples of each task per step, until a step.

    `concept_share` is the share of drawings, edits and looks that are about pseudo-concepts,
    `echo_words` how many words the longest echo has.
    """

    until: int
    draw: int
    look: int
    recognise: int
    text: int
    edit: int
    facts: int
    told: int
    echo: int
    concept_share: float
    echo_words: int = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """Everything that decides what nano becomes.

    Attributes:
        config: Sizes.
        seed: Of everything that is drawn.
        vocab_size: Of the tokenizer.
        num_concepts: Synthetic concepts whose tokens are trained along.
        peak_rate, matrix_rate, concept_rate: Of AdamW, Muon and the concepts' table.
        vision_share, ports_share: Of both rates, for the vision encoder and for edit ports.
        warmup: Steps over which rates rise after a fresh start.
        timestep_shift, time_spread: Of training times.
        detail_time: Below it, drawing errors count less.
        foreground_weight: Of figures and things in a target, against 1 elsewhere.
        in_context_share: Of the samples about characters that words or photos introduce.
        with_text_tasks: Whether the agent's text tasks, and words echoed from them, are learned.
        pool_size: Ready batches that are kept.
        pool_uses: Steps between two new ones.
        ema_decay: Of the averaged weights, per step.
        autoencoder_steps, vision_steps, decoder_steps: Of the other networks.
        stages: Of the network.
    """

    config: ModelConfig
    seed: int
    vocab_size: int
    num_concepts: int
    peak_rate: float
    matrix_rate: float
    concept_rate: float
    vision_share: float
    ports_share: float
    warmup: int
    timestep_shift: float
    time_spread: float
    detail_time: float
    foreground_weight: float
    in_context_share: float
    with_text_tasks: bool
    pool_size: int
    pool_uses: int
    ema_decay: float
    autoencoder_steps: int
    vision_steps: int
    decoder_steps: int
    stages: tuple[Stage, ...]

    def stage(self, step: int) -> Stage:
        """Return the stage that a step belongs to."""
        return next(stage for stage in self.stages if step < stage.until)

    def counts(self, stage: Stage) -> dict[str, int]:
        """Return the samples of each task in a step of a stage."""
        counts = {name: getattr(stage, name) for name in _TASKS}
        if not self.with_text_tasks:
            counts |= dict.fromkeys(_TEXT_TASKS, 0)
        return counts


def read_recipe(path: Path = RECIPE) -> Recipe:
    """Read a recipe file."""
    with path.open("rb") as file:
        content = tomllib.load(file)
    training = dict(content["training"])
    stages = tuple(Stage(**stage) for stage in training.pop("stages"))
    return Recipe(
        config=_config(content),
        seed=content["seed"],
        vocab_size=content["vocab_size"],
        num_concepts=content["num_concepts"],
        stages=stages,
        **training,
    )


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}


def _config(content: dict[str, Any]) -> ModelConfig:
    size, vision = content["image_size"], content["vision"]
    latents = content["latents"]
    autoencoder = AutoencoderConfig(**_tuples(content["autoencoder"]))
    stride = latents["patch_size"] * autoencoder.downsample
    return ModelConfig(
        text=TextConfig(vocab_size=content["vocab_size"], **content["text"]),
        vision=VisionConfig(**vision),
        autoencoder=autoencoder,
        latent_patch_size=latents["patch_size"],
        max_latent_size=latents["grid_size"],
        vit_max_num_patch_per_side=vision["image_size"] // vision["patch_size"],
        positions=PositionWaves(**content["positions"]),
        prediction="preconditioned",
        edit_ports=content["edit_ports"],
        sampling=SamplingDefaults(**_tuples(content["sampling"])),
        vae_resize=ResizeRule(max_side=size, min_side=size, stride=stride),
        vit_resize=ResizeRule(max_side=size, min_side=size, stride=vision["patch_size"]),
        image_size=size,
        display_size=content["display_size"],
        name=content["name"],
        world=WORLD,
        num_examples=content["num_examples"],
        can_think=False,
        num_images=1,
        num_references=1,
        ratios=((1, 1),),
        languages=("en",),
        lesson="nano",
        longest_answer=content["longest_answer"],
    )
