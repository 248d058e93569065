"""Parity of the single parts: vision, autoencoder, time, text, sizes and schedules."""

from collections.abc import Iterator

import torch

from omnipersona.model.config import ResizeRule
from omnipersona.model.flow.schedule import timesteps
from omnipersona.model.latent.patches import to_tokens
from omnipersona.model.parity.vectors import Comparison, Vectors, near, same
from omnipersona.model.sequence.context import Context
from omnipersona.model.sequence.pictures import seen_image
from omnipersona.model.sequence.segments import TextSegment
from omnipersona.model.text.decode import write_tokens
from omnipersona.model.vision.images import fitted_size


def vision(v: Vectors) -> Iterator[Comparison]:
    """Compare patches, features and decoder rows of one picture."""
    image = seen_image(v.model.config, v.get("vit.pixels"))
    lengths = [image.patches.shape[0]]
    yield near("vit.patches", image.patches, v.get("vit.patches"), 0.0)
    yield same("vit.position_ids", image.position_ids, v.get("vit.position_ids"))
    features = v.model.vision(image.patches, image.position_ids, lengths)
    yield near("vit.features", features, v.get("vit.features"))
    rows = v.model.vision_rows(image.patches, image.position_ids, lengths)
    yield near("vit.llm_input", rows, v.get("vit.llm_input"))


def autoencoder(v: Vectors) -> Iterator[Comparison]:
    """Compare the encoder's halves, the sampled latent, its tokens and the decoded pixels."""
    model = v.model.autoencoder
    pixels = v.get("vae.pixels")
    mean, logvar = model.encoder(pixels)
    yield near("vae.mean", mean, v.get("vae.mean"))
    yield near("vae.logvar", logvar, v.get("vae.logvar"))
    latent = model.encode(pixels, v.get("vae.eps"))
    yield near("vae.latent", latent, v.get("vae.latent"))
    tokens = to_tokens(latent[0], v.model.config.latent_patch_size)
    yield near("vae.tokens", tokens, v.get("vae.tokens"))
    yield near("vae.decoded", model.decode(latent), v.get("vae.decoded"))


def time(v: Vectors) -> Iterator[Comparison]:
    """Compare the time embedding."""
    embedded = v.model.time_embedder(v.get("misc.time_embed_t"))
    yield near("misc.time_embed", embedded, v.get("misc.time_embed"))


def text(v: Vectors) -> Iterator[Comparison]:
    """Compare hidden rows and logits of a causal prefill."""
    context = Context(v.model, v.markers)
    hidden = context.add(TextSegment(ids=v.get("text.ids").tolist()))
    yield near("text.hidden", hidden.und_UD, v.get("text.hidden"))
    yield near("text.logits", v.model.decoder.lm_head(hidden.und_UD), v.get("text.logits"))


def understanding(v: Vectors) -> Iterator[Comparison]:
    """Compare greedy answers to a question about a picture."""
    case = v.cases["und"]
    context = Context(v.model, v.markers)
    context.add(seen_image(v.model.config, v.get("vit.pixels")))
    context.add(v.text(v.get("und.question_ids")))
    counts = [context.cache.length, context.cache.next_position]
    yield same("und.context", counts, [case["context_kv_len"], case["context_next_rope"]])
    yield near("und.cache_k_last_layer", context.cache.keys[-1], v.get("und.cache_k_last_layer"))
    yield near("und.cache_v_last_layer", context.cache.values[-1], v.get("und.cache_v_last_layer"))
    token, logits, generated = v.special["bos_token_id"], [], []
    for _ in range(len(v.get("und.generated"))):
        logits.append(context.feed(token))
        token = int(logits[-1].argmax())
        generated.append(token)
    yield near("und.step_logits", torch.stack(logits), v.get("und.step_logits"))
    yield same("und.generated", generated, v.get("und.generated"))


def recorded(v: Vectors, context: Context, max_length: int) -> list[int]:
    """Return what greedy decoding records: the begin token and what it kept."""
    begin, end = v.special["bos_token_id"], v.special["eos_token_id"]
    written = write_tokens(context.fork(), begin=begin, end=end, max_length=max_length)
    return [begin, *(token for token, _ in written)]


def thought_understanding(v: Vectors) -> Iterator[Comparison]:
    """Compare a thought-out answer to a question about a picture."""
    context = Context(v.model, v.markers)
    context.add(v.text(v.system_prompts["vlm_think"]))
    context.add(seen_image(v.model.config, v.get("edit.vit_pixels")))
    context.add(v.text(v.get("und.question_ids")))
    first = context.fork().feed(v.special["bos_token_id"])[None]
    yield near("think_und.logits_first", first, v.get("think_und.logits_first"))
    expected = v.get("think_und.recorded")
    yield same("think_und.recorded", recorded(v, context, len(expected)), expected)


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
        yield near(f"schedule.{name}", ours, torch.tensor(grid), 1e-6)
