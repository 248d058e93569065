"""Published keys and ours, as a table.

Each row is (published prefix, our prefix); `None` marks what is known and dropped, because it is
recomputed. `{i}` runs over the decoder's layers.
"""

from typing import Final

PREFIXES: Final[tuple[tuple[str, str | None], ...]] = (
    ("language_model.model.embed_tokens.", "decoder.embed_tokens."),
    ("language_model.model.norm.", "decoder.und_norm."),
    ("language_model.model.norm_moe_gen.", "decoder.gen_norm."),
    ("language_model.lm_head.", "decoder.lm_head."),
    ("vit_model.vision_model.embeddings.patch_embedding.", "vision.patch_embedding."),
    ("vit_model.vision_model.embeddings.position_embedding.", "vision.position_embedding."),
    ("vit_model.vision_model.encoder.layers.", "vision.layers."),
    ("vit_model.vision_model.post_layernorm.", "vision.post_layernorm."),
    ("connector.", "connector."),
    ("time_embedder.", "time_embedder."),
    ("vae2llm.", "vae2llm."),
    ("llm2vae.", "llm2vae."),
    ("edit_ports.", "edit_ports."),
    ("vit_pos_embed.pos_embed", None),
    ("latent_pos_embed.pos_embed", None),
)

_LAYER = "language_model.model.layers."
_GROUPS: Final = {
    "self_attn": ("q_proj", "k_proj", "v_proj", "o_proj", "q_norm", "k_norm"),
    "": ("input_layernorm", "post_attention_layernorm", "mlp"),
}
_TWIN = "_moe_gen"


def ours(published: str) -> str | None:
    """Return our key for a published one; None if it is known and dropped.

    Raises:
        KeyError: The key is not part of the published layout.
    """
    if published.startswith(_LAYER):
        return _our_layer_key(published)
    for theirs, mine in PREFIXES:
        if published.startswith(theirs):
            return None if mine is None else mine + published.removeprefix(theirs)
    raise KeyError(published)


def published(key: str) -> str:
    """Return the published key of ours; the inverse of `ours`."""
    if key.startswith("decoder.layers."):
        return _published_layer_key(key)
    for theirs, mine in PREFIXES:
        if mine is not None and key.startswith(mine):
            return theirs + key.removeprefix(mine)
    raise KeyError(key)


def _our_layer_key(key: str) -> str:
    index, rest = key.removeprefix(_LAYER).split(".", 1)
    group, leaf = ("self_attn", rest[10:]) if rest.startswith("self_attn.") else ("", rest)
    module, tail = leaf.split(".", 1)
    expert = "gen" if module.endswith(_TWIN) else "und"
    module = module.removesuffix(_TWIN)
    if module not in _GROUPS[group]:
        raise KeyError(key)
    return f"decoder.layers.{index}.{expert}.{module}.{tail}"


def _published_layer_key(key: str) -> str:
    index, expert, module, tail = key.removeprefix("decoder.layers.").split(".", 3)
    group = "self_attn." if module in _GROUPS["self_attn"] else ""
    return f"{_LAYER}{index}.{group}{module}{_TWIN if expert == 'gen' else ''}.{tail}"
