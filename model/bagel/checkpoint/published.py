"""The checkpoint that is published: its sizes, where it lies and which of its files are read.

Knows names and numbers. Does not download; that is the command line's work.
"""

from typing import Final

from omnipersona.model.bagel.config import ModelConfig, TextConfig, VisionConfig

NAME: Final = "bagel-7b-mot"
REPOSITORY: Final = "ByteDance-Seed/BAGEL-7B-MoT"
REVISION: Final = "5019f57d168e5816e8f3f701b17cc816bb7cf24b"
NEEDED_FILES: Final = (
    "llm_config.json",
    "vit_config.json",
    "tokenizer.json",
    "ae.safetensors",
    "ema.safetensors",
)
OPTIONAL_FILES: Final = ("config.json",)


def bagel_7b_mot() -> ModelConfig:
    """Return the sizes of the published checkpoint."""
    return ModelConfig(
        text=TextConfig(
            vocab_size=152064,
            hidden_size=3584,
            intermediate_size=18944,
            num_hidden_layers=28,
            num_attention_heads=28,
            num_key_value_heads=4,
        ),
        vision=VisionConfig(
            hidden_size=1152,
            intermediate_size=4304,
            num_hidden_layers=27,
            num_attention_heads=16,
            patch_size=14,
            image_size=980,
        ),
    )
