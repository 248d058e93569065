"""A checkpoint like the published one and unlike nano: other sizes, Qwen2's kind of tokenizer."""

import json
from dataclasses import replace
from pathlib import Path

from oracles.random_weights import SENTENCES, random_model
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, trainers
from tokenizers.pre_tokenizers import ByteLevel, Sequence, Split

from omnipersona.model.bagel.checkpoint.loading import save_folder
from omnipersona.model.bagel.config import (
    AutoencoderConfig,
    ModelConfig,
    ResizeRule,
    TextConfig,
    VisionConfig,
)

# How Qwen2 cuts text into words: its tokenizer.json states this expression.
_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
)


def second_sizes() -> ModelConfig:
    """Return sizes that share no number with nano, with the published strides and defaults."""
    return ModelConfig(
        text=TextConfig(
            vocab_size=420,
            hidden_size=48,
            intermediate_size=80,
            num_hidden_layers=2,
            num_attention_heads=6,
            num_key_value_heads=3,
            rope_theta=5e5,
        ),
        vision=VisionConfig(
            hidden_size=36,
            intermediate_size=40,
            num_hidden_layers=3,
            num_attention_heads=3,
            patch_size=14,
            image_size=70,
        ),
        autoencoder=AutoencoderConfig(ch=8, ch_mult=(1, 1, 2, 2), num_res_blocks=1, num_groups=4),
        max_latent_size=6,
        vit_max_num_patch_per_side=5,
        vae_resize=ResizeRule(max_side=96, min_side=48, stride=16),
        vit_resize=ResizeRule(max_side=70, min_side=42, stride=14),
        image_size=64,
        display_size=64,
        name="second",
    )


def write_second(folder: Path) -> Path:
    """Write the checkpoint with its tokenizer; return the folder."""
    config = second_sizes()
    sampling = replace(config.sampling, num_steps=4)
    save_folder(random_model(replace(config, sampling=sampling)), folder)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = Sequence(
        [Split(Regex(_WORDS), "isolated"), ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in _SPECIAL])
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {"eos_token": "<|im_end|>", "tokenizer_class": "Qwen2Tokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(names))
    return folder
