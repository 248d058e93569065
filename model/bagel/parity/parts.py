"""Parity of the single parts: vision, autoencoder, time, text, sizes and schedules."""

from collections.abc import Iterator

import torch
from torch import Tensor

from omnipersona.model.bagel.config import ResizeRule
from omnipersona.model.bagel.decoding import write_tokens
from omnipersona.model.bagel.flow.matching import timesteps
from omnipersona.model.bagel.images import fitted_size
from omnipersona.model.bagel.parity.vectors import Comparison, Vectors, absolute, same
from omnipersona.model.bagel.sequence import TextSegment, seen_image
from omnipersona.model.bagel.vae import to_tokens
from omnipersona.model.bagel.velocity_batch import Context


def vision(v: Vectors) -> Iterator[Comparison]:
    """Compare patches, features and decoder rows of one picture."""
    image = seen_image(v.model.config, v.get("vit.pixels"))
    lengths = [image.patches.shape[0]]
    yield v.near("vit.patches", image.patches, exact=0.0)
    yield same("vit.position_ids", image.position_ids, v.get("vit.position_ids"))
    features = v.model.vision(image.patches, image.position_ids, lengths)
    yield v.near("vit.features", features)
    rows = v.model.vision_rows(image.patches, image.position_ids, lengths)
    yield v.near("vit.llm_input", rows)


def autoencoder(v: Vectors) -> Iterator[Comparison]:
    """Compare the encoder's halves, the sampled latent, its tokens and the decoded pixels."""
    model = v.model.autoencoder
    pixels = v.get("vae.pixels")
    mean, logvar = model.encoder(pixels)
    yield v.near("vae.mean", mean)
    yield v.near("vae.logvar", logvar)
    latent = model.encode(pixels, v.get("vae.eps"))
    yield v.near("vae.latent", latent)
    tokens = to_tokens(latent[0], v.model.config.latent_patch_size)
    yield v.near("vae.tokens", tokens)
    yield v.near("vae.decoded", model.decode(latent))


def time(v: Vectors) -> Iterator[Comparison]:
    """Compare the time embedding."""
    embedded = v.model.time_embedder(v.get("misc.time_embed_t"))
    yield v.near("misc.time_embed", embedded)


def text(v: Vectors) -> Iterator[Comparison]:
    """Compare hidden rows and logits of a causal prefill."""
    context = Context(v.model, v.markers)
    hidden = context.add(TextSegment(ids=v.get("text.ids").tolist()))
    yield v.near("text.hidden", hidden.und_UD)
    yield v.near("text.logits", v.model.decoder.lm_head(hidden.und_UD))


def understanding(v: Vectors) -> Iterator[Comparison]:
    """Compare greedy answers to a question about a picture."""
    case = v.cases["und"]
    context = Context(v.model, v.markers)
    context.add(seen_image(v.model.config, v.get("vit.pixels")))
    context.add(v.text(v.get("und.question_ids")))
    counts = [context.cache.length, context.cache.next_position]
    yield same("und.context", counts, [case["context_kv_len"], case["context_next_rope"]])
    yield v.near("und.cache_k_last_layer", context.cache.keys[-1])
    yield v.near("und.cache_v_last_layer", context.cache.values[-1])
    expected = v.get("und.generated")
    logits = _following(context, [v.special["bos_token_id"], *expected[:-1].tolist()])
    yield v.near("und.step_logits", logits)
    yield v.chosen("und.generated", logits.argmax(-1), expected, logits)


def _following(context: Context, ids: list[int]) -> Tensor:
    """Return the logits (n, V) after each token of a text."""
    return torch.stack([context.feed(token) for token in ids])


def recorded(v: Vectors, name: str, context: Context) -> Comparison:
    """Compare what greedy decoding records: the begin token and what it kept."""
    begin, end = v.special["bos_token_id"], v.special["eos_token_id"]
    expected = v.get(name)
    written = write_tokens(context.fork(), begin=begin, end=end, max_length=len(expected))
    kept = torch.tensor([token for token, _ in written])
    logits = _following(context.fork(), expected[:-1].tolist())
    return v.chosen(name, kept, expected[1:], logits)


def thought_understanding(v: Vectors) -> Iterator[Comparison]:
    """Compare a thought-out answer to a question about a picture."""
    context = Context(v.model, v.markers)
    context.add(v.text(v.system_prompts["vlm_think"]))
    context.add(seen_image(v.model.config, v.get("edit.vit_pixels")))
    context.add(v.text(v.get("und.question_ids")))
    first = context.fork().feed(v.special["bos_token_id"])[None]
    yield v.near("think_und.logits_first", first)
    yield recorded(v, "think_und.recorded", context)


_SIZE_RULES = {
    "vae_hw": ResizeRule(max_side=1024, min_side=512, stride=16),
    "vit_hw_direct": ResizeRule(max_side=980, min_side=224, stride=14),
    "vqa_train_hw": ResizeRule(max_side=980, min_side=378, stride=14, max_pixels=2_007_040),
    "vqa_train_hw_4img": ResizeRule(
        max_side=980, min_side=378, stride=14, max_pixels=2_007_040 // 4
    ),
    "edit_vit_train_hw": ResizeRule(max_side=518, min_side=224, stride=14),
}


def sizes(v: Vectors) -> Iterator[Comparison]:
    """Compare the resize rule on all listed sizes."""
    vae, vit = _SIZE_RULES["vae_hw"], _SIZE_RULES["vit_hw_direct"]
    for row in v.cases["sizes"]["rows"]:
        width, height = row["wh"]
        ours = {
            name: list(fitted_size(width, height, rule))[::-1] for name, rule in _SIZE_RULES.items()
        }
        first = fitted_size(width, height, vae)
        ours["vae_hw_twice"] = list(fitted_size(*first, vae))[::-1]
        ours["vit_hw_after_vae"] = list(fitted_size(*first, vit))[::-1]
        expected = {name: size for name, size in row.items() if name != "wh"}
        yield same(f"sizes.{width}x{height}", {n: ours.get(n) for n in expected}, expected)


def schedules(v: Vectors) -> Iterator[Comparison]:
    """Compare time grids; `n7_shift3` is 7 points at shift 3."""
    for name, grid in v.cases["schedule"].items():
        if name == "doc":
            continue
        points, shift = (float(part.lstrip("nshift")) for part in name.split("_"))
        ours = timesteps(int(points) - 1, shift)
        yield absolute(f"schedule.{name}", ours, torch.tensor(grid), 1e-6)
