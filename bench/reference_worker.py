"""Times a drawing by the published reference implementation; run as a script by `bench.reference`.

It imports nothing of ours, because the reference pins other versions than we do. Where flash-attn
is not installed, PyTorch's attention stands in for it.
"""

import importlib.util
import json
import sys
import time
import types
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file


def _stand_in(q: Any, k: Any, v: Any, causal: bool, **lengths: Any) -> Any:
    """Attend within each sequence of a packed batch, with flash-attn's arguments."""
    parts = []
    ends_q, ends_k = lengths["cu_seqlens_q"].tolist(), lengths["cu_seqlens_k"].tolist()
    for i in range(len(ends_q) - 1):
        rows, columns = slice(*ends_q[i : i + 2]), slice(*ends_k[i : i + 2])
        one_q, one_k, one_v = (x.transpose(0, 1)[None] for x in (q[rows], k[columns], v[columns]))
        new, all_of_them = one_q.shape[2], one_k.shape[2]
        mask = torch.ones(new, all_of_them, dtype=torch.bool, device=q.device)
        mask = mask.tril(all_of_them - new) if causal else mask
        mixed = torch.nn.functional.scaled_dot_product_attention(
            one_q, one_k, one_v, attn_mask=mask, enable_gqa=True
        )
        parts.append(mixed[0].transpose(0, 1))
    return torch.cat(parts)


def _import_reference(folder: Path) -> tuple[Any, Any, bool]:
    sys.path.insert(0, str(folder))
    is_stand_in = importlib.util.find_spec("flash_attn") is None
    if is_stand_in:
        module = types.ModuleType("flash_attn")
        module.__spec__ = ModuleSpec("flash_attn", None)
        module.flash_attn_varlen_func = _stand_in  # type: ignore[attr-defined]
        sys.modules["flash_attn"] = module
    from modeling import bagel  # type: ignore[import-not-found]  # noqa: PLC0415
    from modeling.autoencoder import (  # type: ignore[import-not-found]  # noqa: PLC0415
        AutoEncoderParams,
    )

    return bagel, AutoEncoderParams, is_stand_in


def _load(bagel: Any, parameters_of: Any, folder: Path) -> Any:
    extra = json.loads((folder / "config.json").read_text())
    text = bagel.Qwen2Config.from_json_file(str(folder / "llm_config.json"))
    text.qk_norm, text.tie_word_embeddings = True, False
    text.layer_module = "Qwen2MoTDecoderLayer"
    vision = bagel.SiglipVisionConfig.from_json_file(str(folder / "vit_config.json"))
    vision.rope = False
    vision.num_hidden_layers -= 1
    inner = extra["vae_config"]
    autoencoder = parameters_of(
        resolution=256,
        in_channels=inner["in_channels"],
        downsample=inner["downsample"],
        ch=inner["ch"],
        out_ch=inner["out_ch"],
        ch_mult=inner["ch_mult"],
        num_res_blocks=inner["num_res_blocks"],
        z_channels=inner["z_channels"],
        scale_factor=inner["scale_factor"],
        shift_factor=inner["shift_factor"],
    )
    config = bagel.BagelConfig(
        visual_gen=True,
        visual_und=True,
        llm_config=text,
        vit_config=vision,
        vae_config=autoencoder,
        vit_max_num_patch_per_side=extra["vit_max_num_patch_per_side"],
        connector_act="gelu_pytorch_tanh",
        latent_patch_size=extra["latent_patch_size"],
        max_latent_size=extra["max_latent_size"],
    )
    model = bagel.Bagel(bagel.Qwen2ForCausalLM(text), bagel.SiglipVisionModel(vision), config)
    model.vit_model.vision_model.embeddings.convert_conv2d_to_linear(vision)
    missing, unexpected = model.load_state_dict(load_file(folder / "ema.safetensors"), strict=False)
    tables = ("latent_pos_embed.pos_embed", "vit_pos_embed.pos_embed")
    assert set(missing) <= set(tables), missing
    assert unexpected == [], unexpected
    return model.eval()


class _Ids:
    """The tokenizer's place: prompts are ids already."""

    def encode(self, prompt: list[int]) -> list[int]:
        return prompt


def _draw(bagel: Any, model: Any, job: dict[str, Any], noise: torch.Tensor) -> Any:
    layers, device = model.config.llm_config.num_hidden_layers, noise.device
    new_cache = bagel.qwen2_navit.NaiveCache
    sizes, ids = [(job["side"], job["side"])], job["special"]

    def prompt() -> tuple[Any, list[int], list[int]]:
        inputs, lens, positions = model.prepare_prompts([0], [0], [job["ids"]], _Ids(), ids)
        inputs = {name: value.to(device) for name, value in inputs.items()}
        return model.forward_cache_update_text(new_cache(layers), **inputs), lens, positions

    full, lens, positions = prompt()
    without_image, _, _ = prompt()
    drawing = model.prepare_vae_latent(lens, positions, sizes, ids)
    drawing["packed_init_noises"] = noise
    empty = model.prepare_vae_latent_cfg([0], [0], sizes)
    same = model.prepare_vae_latent_cfg(lens, positions, sizes)
    branches = {
        **{f"cfg_text_{name.removeprefix('cfg_')}": value for name, value in empty.items()},
        **{f"cfg_img_{name.removeprefix('cfg_')}": value for name, value in same.items()},
    }
    tensors = {name: value.to(device) for name, value in {**drawing, **branches}.items()}
    [latent] = model.generate_image(
        past_key_values=full,
        cfg_text_past_key_values=new_cache(layers),
        cfg_img_past_key_values=without_image,
        cfg_text_scale=job["cfg_text_scale"],
        cfg_img_scale=job["cfg_img_scale"],
        cfg_interval=job["cfg_interval"],
        num_timesteps=job["num_steps"] + 1,
        timestep_shift=job["timestep_shift"],
        **tensors,
    )
    return latent


def main(reference: Path, folder: Path) -> None:
    """Draw once to warm up and then `repeats` times; write seconds and the last latents."""
    torch.set_num_threads(int(json.loads((folder / "job.json").read_text())["threads"]))
    bagel, parameters_of, is_stand_in = _import_reference(reference)
    job = json.loads((folder / "job.json").read_text())
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    model = _load(bagel, parameters_of, folder).to(device, dtype)
    noise = load_file(folder / "noise.safetensors")["noise"].to(device)
    seconds = []
    for _ in range(1 + job["repeats"]):
        started = time.perf_counter()
        with torch.autocast(device.type, torch.bfloat16):  # as published
            latent = _draw(bagel, model, job, noise)
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    save_file({"latent": latent.float().cpu().contiguous()}, folder / "latent.safetensors")
    found = {"seconds": seconds[1:], "is_stand_in": is_stand_in, "device": device.type}
    (folder / "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
