"""Parity of drawing and editing: velocities, contexts, final latents and pixels."""

from collections.abc import Iterator
from typing import Any

from torch import Tensor

from omnipersona.model.bagel.flow.guidance import GuidanceConfig
from omnipersona.model.bagel.flow.sampling import DrawInputs, Grid, decode_tokens, draw
from omnipersona.model.bagel.images import grid_ids, to_uint8
from omnipersona.model.bagel.parity.parts import recorded
from omnipersona.model.bagel.parity.vectors import Comparison, Vectors, same
from omnipersona.model.bagel.sequence import clean_image, seen_image
from omnipersona.model.bagel.velocity_batch import CFGContexts, velocity

_NUM_STEPS = 6
_SHIFT = 3.0
_EDIT = {"cfg_img_scale": 2.0, "cfg_interval": (0.0, 1.0)}


def _final(guidance: CFGContexts, noise: Tensor, grid: Grid, **scales: Any) -> Tensor:
    config = GuidanceConfig(**scales)
    inputs = DrawInputs(guidance=guidance, noise_TE=noise, grid=grid)
    steps = draw([inputs], num_steps=_NUM_STEPS, timestep_shift=_SHIFT, config=config)
    *_, [(tokens, _)] = steps
    return tokens


def _contexts(v: Vectors, case: str, guidance: CFGContexts) -> Iterator[Comparison]:
    named = {
        "full": guidance.full,
        "cfg_text": guidance.without_text,
        "cfg_img": guidance.without_image,
    }
    ours = {name: [c.cache.length, c.cache.next_position] for name, c in named.items()}
    yield same(f"{case}.contexts", ours, v.cases[case]["contexts_kvlen_nextrope"])


def _drawing_grid(v: Vectors) -> Grid:
    case, stride = v.cases["t2i"], v.model.config.latent_stride
    return Grid(rows=case["height"] // stride, columns=case["width"] // stride)


def _edit_grid(v: Vectors) -> Grid:
    stride = v.model.config.latent_stride
    _, height, width = v.get("edit.vae_pixels").shape
    return Grid(rows=height // stride, columns=width // stride)


def _add_source(v: Vectors, guidance: CFGContexts) -> None:
    pixels, eps = v.get("edit.vae_pixels"), v.get("edit.vae_eps")
    latents = v.model.autoencoder.encode(pixels[None], eps)[0]
    picture = seen_image(v.model.config, v.get("edit.vit_pixels"))
    guidance.add_picture(clean_image(v.model.config, latents), picture)


def drawing(v: Vectors) -> Iterator[Comparison]:
    """Compare text-to-image: velocities, three finals and the picture."""
    guidance, grid, noise = v.guidance(), _drawing_grid(v), v.get("t2i.noise")
    guidance.add_text(v.text(v.get("t2i.prompt_ids")))
    yield from _contexts(v, "t2i", guidance)
    ids = grid_ids(grid.rows, grid.columns, v.model.config.max_latent_size)
    for i, t in enumerate(v.cases["t2i"]["t"]):
        x = v.get(f"t2i.x_{i}")
        full, empty = guidance.full, guidance.without_text
        yield v.near(f"t2i.v_full_{i}", velocity(full, x, ids, t))
        yield v.near(f"t2i.v_cfg_text_{i}", velocity(empty, x, ids, t))
    final = _final(guidance, noise, grid)
    yield v.near("t2i.final", final)
    strong = _final(guidance, noise, grid, cfg_img_scale=1.5)
    yield v.near("t2i.final_img15", strong)
    free = _final(
        guidance, noise, grid, cfg_text_scale=1.0, cfg_img_scale=2.0, cfg_interval=(0.0, 1.0)
    )
    yield v.near("t2i.final_nocfg", free)
    pixels = to_uint8(decode_tokens(v.model, final, grid))
    yield v.near("t2i.image_u8", pixels, exact=1.0)


def editing(v: Vectors) -> Iterator[Comparison]:
    """Compare editing under every renorm, and the cache before the noise block."""
    guidance, grid, noise = v.guidance(), _edit_grid(v), v.get("edit.noise")
    _add_source(v, guidance)
    guidance.add_text(v.text(v.get("edit.instruction_ids")))
    yield from _contexts(v, "edit", guidance)
    cache = guidance.full.cache
    yield v.near("edit.cache_k_last_layer", cache.keys[-1])
    yield v.near("edit.cache_v_last_layer", cache.values[-1])
    variants: dict[str, dict[str, Any]] = {
        "global": {"cfg_renorm_type": "global"},
        "channel": {"cfg_renorm_type": "channel"},
        "text_channel": {"cfg_renorm_type": "text_channel"},
        "text_channel_min09": {"cfg_renorm_type": "text_channel", "cfg_renorm_min": 0.9},
        "text_channel_img1": {"cfg_renorm_type": "text_channel", "cfg_img_scale": 1.0},
    }
    for name, values in variants.items():
        final = _final(guidance, noise, grid, **{**_EDIT, **values})
        yield v.near(f"edit.final_{name}", final)


def interleaved(v: Vectors) -> Iterator[Comparison]:
    """Compare text, picture, text."""
    guidance = v.guidance()
    guidance.add_text(v.text(v.get("inter.first_text_ids")))
    _add_source(v, guidance)
    guidance.add_text(v.text(v.get("edit.instruction_ids")))
    yield from _contexts(v, "inter", guidance)
    final = _final(guidance, v.get("edit.noise"), _edit_grid(v), **_EDIT)
    yield v.near("inter.final", final)


def _think(v: Vectors, case: str, guidance: CFGContexts) -> Iterator[Comparison]:
    yield recorded(v, f"{case}.recorded", guidance.full)
    guidance.add_thought(v.text(v.get(f"{case}.recorded")[1:]))
    yield from _contexts(v, case, guidance)


def thought_drawing(v: Vectors) -> Iterator[Comparison]:
    """Compare drawing after a written thought."""
    guidance = v.guidance()
    guidance.add_system(v.text(v.system_prompts["gen_think"]))
    guidance.add_text(v.text(v.get("t2i.prompt_ids")))
    yield from _think(v, "think_t2i", guidance)
    final = _final(guidance, v.get("t2i.noise"), _drawing_grid(v), cfg_img_scale=1.5)
    yield v.near("think_t2i.final", final)


def thought_editing(v: Vectors) -> Iterator[Comparison]:
    """Compare editing after a written thought."""
    guidance = v.guidance()
    guidance.add_system(v.text(v.system_prompts["gen_think"]))
    _add_source(v, guidance)
    guidance.add_text(v.text(v.get("edit.instruction_ids")))
    yield from _think(v, "think_edit", guidance)
    final = _final(
        guidance,
        v.get("edit.noise"),
        _edit_grid(v),
        **_EDIT,
        cfg_renorm_type="text_channel",
    )
    yield v.near("think_edit.final", final)
