"""Parity of the packed training forward: rows, masks, losses and gradients."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from omnipersona.model.bagel.checkpoint.key_map import published
from omnipersona.model.bagel.flow.matching import sampled_times
from omnipersona.model.bagel.parity.vectors import GRADIENT, Comparison, Vectors, same
from omnipersona.model.bagel.sequence import (
    GenImage,
    PackedSequence,
    Sample,
    Segment,
    clean_image,
    pack,
    seen_image,
)
from omnipersona.model.bagel.transformer import pack_mask, sample_mask


def _latents(v: Vectors, pixels: list[Tensor], eps: Tensor) -> list[Tensor]:
    """Encode pictures as one batch, zero-padded right and bottom, then crop each."""
    sides = [max(p.shape[i] for p in pixels) for i in (1, 2)]
    batch = torch.stack(
        [
            torch.nn.functional.pad(p, (0, sides[1] - p.shape[2], 0, sides[0] - p.shape[1]))
            for p in pixels
        ]
    )
    factor = v.model.config.autoencoder.downsample
    encoded = v.model.autoencoder.encode(batch, eps)
    return [
        z[:, : p.shape[1] // factor, : p.shape[2] // factor]
        for z, p in zip(encoded, pixels, strict=True)
    ]


def _target(v: Vectors, latents: Tensor, noise: Tensor, raw: float, shift: float) -> GenImage:
    clean = clean_image(v.model.config, latents)
    t = float(sampled_times(torch.tensor(raw), shift))
    return GenImage(tokens=clean.tokens, position_ids=clean.position_ids, noise=noise, t=t)


def _question(v: Vectors) -> Sample:
    return Sample(
        segments=(
            seen_image(v.model.config, v.get("train.vqa_pixels")),
            v.text(v.get("train.question_ids")),
            v.text(v.get("train.answer_ids"), has_loss=True),
        )
    )


def _first(v: Vectors) -> list[Sample]:
    case = v.cases["train"]
    [latents] = _latents(v, [v.get("train.t2i_pixels")], v.get("train.vae_eps"))
    target = _target(
        v, latents, v.get("train.flow_noise"), case["raw_timesteps"][0], case["timestep_shift"]
    )
    return [Sample(segments=(v.text(v.get("train.t2i_text_ids")), target)), _question(v)]


def _second(v: Vectors) -> list[Sample]:
    case = v.cases["train2"]
    pixels = [v.get(f"train2.{name}") for name in ("src_vae", "mid_vae", "mid_vae", "tgt_vae")]
    src, mid, mid_again, tgt = _latents(v, pixels, v.get("train2.vae_eps"))
    counts = [clean_image(v.model.config, z).tokens.shape[0] for z in (src, mid, mid_again, tgt)]
    noise = v.get("train2.flow_noise").split(counts)
    raw, shift = case["raw_timesteps"], case["timestep_shift"]
    segments: tuple[Segment, ...] = (
        clean_image(v.model.config, src),
        seen_image(v.model.config, v.get("train2.src_vit")),
        v.text(v.get("train2.text1_ids")),
        _target(v, mid, noise[1], raw[0], shift),
        clean_image(v.model.config, mid_again),
        seen_image(v.model.config, v.get("train2.mid_vit")),
        v.text(v.get("train2.text2_ids")),
        _target(v, tgt, noise[3], raw[1], shift),
    )
    return [Sample(segments=segments), _question(v)]


def _packed_places(packed: PackedSequence, grid_places: Tensor) -> Tensor:
    """Turn grid places into places of the published packing, which has no padding."""
    published = torch.full((packed.layout.row_at.numel(),), -1)
    start = 0
    for at, count in zip(packed.sample_at, packed.sample_lens, strict=True):
        published[at : at + count] = torch.arange(start, start + count)
        start += count
    return published[grid_places]


def _split(packed: PackedSequence) -> dict[str, Tensor]:
    """Return places of text rows, vision patches and latents in the published packing."""
    num_text = len(packed.text_ids)
    und = _packed_places(packed, packed.layout.und_at)
    return {
        "text": und[:num_text],
        "vit": und[num_text:],
        "vae": _packed_places(packed, packed.layout.gen_at),
        "label": und[packed.label_rows],
    }


def _positions(packed: PackedSequence) -> Tensor:
    flat = packed.layout.positions.flatten()
    rows = zip(packed.sample_at, packed.sample_lens, strict=True)
    return torch.cat([flat[at : at + count] for at, count in rows])


def training(v: Vectors, case: str) -> Iterator[Comparison]:
    """Compare one training pack: `train` or `train2`."""
    samples = _first(v) if case == "train" else _second(v)
    packed = pack(samples, v.markers)
    places = _split(packed)
    blocks = zip(packed.split_lens, packed.attn_modes, strict=True)
    masks = [sample_mask(lens, modes) for lens, modes in blocks]
    yield same(f"{case}.sample_lens", packed.sample_lens, v.cases[case]["sample_lens"])
    yield same(f"{case}.mask", pack_mask(masks).int(), v.get(f"{case}.mask"))
    yield same(f"{case}.position_ids", _positions(packed), v.get(f"{case}.position_ids"))
    if f"{case}.text_ids" in v.tensors:
        yield same(f"{case}.text_ids", packed.text_ids, v.get(f"{case}.text_ids"))
    for name, ours in {
        "text_indexes": places["text"],
        "vit_token_indexes": places["vit"],
        "gen_token_indexes": places["vae"],
        "mse_indexes": places["vae"][packed.is_target],
        "ce_indexes": places["label"],
        "labels": packed.labels,
    }.items():
        yield same(f"{case}.{name}", ours, v.get(f"{case}.{name}"))
    yield from _losses(v, case, packed)


def _losses(v: Vectors, case: str, packed: PackedSequence) -> Iterator[Comparison]:
    expected = v.cases[case]
    v.model.zero_grad(set_to_none=True)
    with torch.enable_grad():
        losses = v.model(packed)
        ce, mse = losses.ce.mean(), losses.mse.mean()
        (ce + mse).backward()
    if f"{case}.ce_per_token" in v.tensors:
        yield v.near(f"{case}.ce_per_token", losses.ce)
    mse_name = f"{case}.mse_per_token_channel"
    yield v.near(mse_name, losses.mse)
    yield v.close(f"{case}.ce_loss", ce, torch.tensor(expected["ce_loss"]))
    yield v.close(f"{case}.mse_loss", mse, torch.tensor(expected["mse_loss"]))
    yield from _gradients(v, case)


def _gradients(v: Vectors, case: str) -> Iterator[Comparison]:
    """Compare norms of gradients; shrunk matrices have none."""
    tolerance = v.tolerance or GRADIENT
    parameters = dict(v.model.named_parameters())
    frozen = {published(name) for name, p in parameters.items() if not p.requires_grad}
    norms = {
        published(name): float(p.grad.norm())
        for name, p in parameters.items()
        if p.grad is not None and not name.startswith("autoencoder.")
    }
    expected: dict[str, Any] = v.cases[case]["grad_norms"]
    for name in expected.keys() - frozen:
        error = abs(norms.get(name, float("inf")) - expected[name]) / expected[name]
        yield Comparison(name=f"{case}.grad.{name}", error=error, tolerance=tolerance)
    if not frozen:
        total = sum(norm**2 for norm in norms.values()) ** 0.5
        error = abs(total - v.cases[case]["grad_norm_total"]) / total
        yield Comparison(name=f"{case}.grad_norm_total", error=error, tolerance=tolerance)


def _dropped(v: Vectors, name: str) -> Sample:
    def gone(part: str) -> bool:
        return name in (f"drop_{part}", "drop_all")

    factor = v.model.config.autoencoder.downsample
    channels = v.model.config.autoencoder.z_channels

    def blank(pixels: Tensor) -> GenImage:
        _, height, width = pixels.shape
        return clean_image(v.model.config, torch.zeros(channels, height // factor, width // factor))

    source, target = blank(v.get("train2.src_vae")), blank(v.get("train2.tgt_vae"))
    seen = seen_image(v.model.config, v.get("train2.src_vit"))
    text = v.text(v.get("train2.text1_ids"))
    return Sample(
        segments=(
            type(source)(
                tokens=source.tokens, position_ids=source.position_ids, dropped=gone("vae")
            ),
            type(seen)(patches=seen.patches, position_ids=seen.position_ids, dropped=gone("vit")),
            type(text)(ids=text.ids, dropped=gone("text")),
            type(target)(
                tokens=target.tokens, position_ids=target.position_ids, noise=target.tokens, t=0.5
            ),
        )
    )


def dropping(v: Vectors) -> Iterator[Comparison]:
    """Compare packing with dropped conditions."""
    for variant in v.cases["drop"]["variants"]:
        packed = pack([_dropped(v, variant["name"])], v.markers)
        places = _split(packed)
        ours = {
            "position_ids": _positions(packed).tolist(),
            "text_ids": packed.text_ids.tolist(),
            "text_indexes": places["text"].tolist(),
            "vae_indexes": places["vae"].tolist(),
            "vit_indexes": places["vit"].tolist(),
            "mse_indexes": places["vae"][packed.is_target].tolist(),
            "split_lens": packed.split_lens[0],
            "attn_modes": packed.attn_modes[0],
            "sample_lens": packed.sample_lens,
        }
        expected = {key: value for key, value in variant.items() if key != "name"}
        yield same(f"drop.{variant['name']}", {k: ours.get(k) for k in expected}, expected)
