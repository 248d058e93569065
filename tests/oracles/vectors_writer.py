"""Writes a folder of parity vectors whose expectations come from the plain model."""

import json
import math
from pathlib import Path
from typing import Any

import torch
from oracles.plain_bagel import PlainBagel, may_see
from oracles.plain_turns import (
    Losses,
    Scales,
    Turn,
    draw,
    encoded,
    from_tokens,
    losses,
    to_tokens,
)
from oracles.plain_vae import PlainVae
from oracles.random_weights import random_model
from safetensors.torch import save_file
from torch import Tensor

from omnipersona.model.bagel.checkpoint.loading import save_folder
from omnipersona.model.bagel.config import AutoencoderConfig, ModelConfig, TextConfig, VisionConfig

SPECIAL = {"bos_token_id": 80, "eos_token_id": 81, "start_of_image": 82, "end_of_image": 83}


def odd_sizes() -> ModelConfig:
    """Return sizes that agree with no other checkpoint: heads, grids, levels, theta, eps."""
    return ModelConfig(
        text=TextConfig(
            vocab_size=90,
            hidden_size=48,
            intermediate_size=40,
            num_hidden_layers=2,
            num_attention_heads=6,
            num_key_value_heads=3,
            rms_norm_eps=1e-5,
            rope_theta=1e4,
        ),
        vision=VisionConfig(
            hidden_size=20,
            intermediate_size=28,
            num_hidden_layers=3,
            num_attention_heads=2,
            patch_size=4,
            image_size=20,
            layer_norm_eps=1e-5,
        ),
        autoencoder=AutoencoderConfig(
            z_channels=3, downsample=2, ch=8, ch_mult=(2, 1), num_res_blocks=1, num_groups=4,
            scale_factor=0.5, shift_factor=0.2,
        ),
        latent_patch_size=2,
        max_latent_size=6,
        vit_max_num_patch_per_side=5,
    )  # fmt: skip


class Writer:
    """Draws inputs, asks the plain model, collects named tensors and cases."""

    def __init__(self, folder: Path, seed: int) -> None:
        save_folder(random_model(odd_sizes(), seed), folder)
        self.folder = folder
        self.net = PlainBagel(folder)
        self.vae = PlainVae(self.net.ae, self.net.vae)
        self.factor = int(self.net.vae["downsample"])
        self.generator = torch.Generator().manual_seed(seed)
        self.tensors: dict[str, Tensor] = {}
        self.cases: dict[str, Any] = {}

    def ids(self, name: str, count: int) -> Tensor:
        self.tensors[name] = torch.randint(0, 80, (count,), generator=self.generator)
        return self.tensors[name]

    def random(self, name: str, *shape: int) -> Tensor:
        self.tensors[name] = torch.randn(*shape, generator=self.generator)
        return self.tensors[name]

    def turn(self, sample: int = 0) -> Turn:
        return Turn(self.net, SPECIAL, sample=sample)

    def eps(self, name: str, count: int, height: int, width: int) -> Tensor:
        channels = int(self.net.vae["z_channels"])
        return self.random(name, count, channels, height // self.factor, width // self.factor)

    def text(self) -> None:
        turn = self.turn()
        bare = torch.randint(0, 80, (7,), generator=self.generator)
        turn.text(bare)
        hidden = torch.stack(self.net.decode(turn.rows))
        logits = torch.stack([self.net.logits(one) for one in hidden])
        ids = torch.tensor(turn.text_ids)
        self.tensors |= {"text.ids": ids, "text.hidden": hidden, "text.logits": logits}
        self.cases["text"] = {}

    def drawing(self) -> None:
        full, empty = self.turn(), self.turn()
        full.text(self.ids("t2i.prompt_ids", 4))
        contexts = {"full": full, "cfg_text": empty, "cfg_img": full}
        height, width, columns = 8, 12, 3
        noise = self.random("t2i.noise", 6, 12)
        whens = [1.0, 0.6]
        for i, t in enumerate(whens):
            x = noise if i == 0 else self.random("t2i.x_1", 6, 12)
            self.tensors[f"t2i.x_{i}"] = x.clone()
            self.tensors[f"t2i.v_full_{i}"] = full.velocity(x, columns, t)
            self.tensors[f"t2i.v_cfg_text_{i}"] = empty.velocity(x, columns, t)
        final = draw(contexts, noise, columns, Scales())
        strong = draw(contexts, noise, columns, Scales(image=1.5))
        free = draw(contexts, noise, columns, Scales(text=1.0, image=2.0, interval=(0.0, 1.0)))
        pixels = self.vae.decode(from_tokens(final, 2, columns, 2))
        unit = (pixels * 0.5 + 0.5).clamp(0, 1) * 255
        self.tensors |= {
            "t2i.final": final,
            "t2i.final_img15": strong,
            "t2i.final_nocfg": free,
            "t2i.image_u8": unit.permute(1, 2, 0).to(torch.uint8).contiguous(),
        }
        counts = {name: turn.counts for name, turn in contexts.items()}
        self.cases["t2i"] = {
            "height": height, "width": width, "t": whens, "contexts_kvlen_nextrope": counts
        }  # fmt: skip

    def editing(self) -> None:
        pixels = self.random("edit.vae_pixels", 3, 8, 8)
        seen = self.random("edit.vit_pixels", 3, 8, 12)
        eps = self.eps("edit.vae_eps", 1, 8, 8)
        instruction = self.ids("edit.instruction_ids", 3)
        noise = self.random("edit.noise", 4, 12)
        full, no_image = self.turn(), self.turn()
        full.painted(to_tokens(self.vae.encode(pixels, eps[0]), 2), 2, 0.0, None)
        full.seen(seen)
        no_text = full.copy()
        full.text(instruction)
        no_image.text(instruction)
        contexts = {"full": full, "cfg_text": no_text, "cfg_img": no_image}
        self._cache(full)
        for name, scales in {
            "global": Scales(image=2.0, interval=(0.0, 1.0)),
            "channel": Scales(image=2.0, interval=(0.0, 1.0), renorm="channel"),
            "text_channel": Scales(image=2.0, interval=(0.0, 1.0), renorm="text_channel"),
            "text_channel_min09": Scales(
                image=2.0, interval=(0.0, 1.0), renorm="text_channel", low=0.9
            ),
            "text_channel_img1": Scales(interval=(0.0, 1.0), renorm="text_channel"),
        }.items():
            self.tensors[f"edit.final_{name}"] = draw(contexts, noise, 2, scales)
        counts = {name: turn.counts for name, turn in contexts.items()}
        self.cases["edit"] = {"contexts_kvlen_nextrope": counts}

    def _cache(self, turn: Turn) -> None:
        last = self.net.llm["num_hidden_layers"] - 1
        hidden = [row.vector for row in turn.rows]
        for i in range(last):
            layer = f"language_model.model.layers.{i}"
            attended = self.net.attend(turn.rows, hidden, layer)
            hidden = [x + a for x, a in zip(hidden, attended, strict=True)]
            both = zip(hidden, turn.rows, strict=True)
            hidden = [x + self.net.feed_forward(x, row, layer) for x, row in both]
        layer = f"language_model.model.layers.{last}"
        for part in "kv":
            rows = []
            for x, row in zip(hidden, turn.rows, strict=True):
                norm = f"{layer}.input_layernorm{'_moe_gen' if row.expert == 'gen' else ''}"
                heads = self.net.heads(self.net.rms(x, norm), row, layer, part)
                rows.append(torch.stack(heads))
            self.tensors[f"edit.cache_{part}_last_layer"] = torch.stack(rows)

    def training(self) -> None:
        pixels = self.random("train.t2i_pixels", 3, 8, 12)
        [latents] = encoded(self.vae, [pixels], self.eps("train.vae_eps", 1, 8, 12), self.factor)
        turn = self.turn()
        turn.text(self.ids("train.t2i_text_ids", 4))
        self._target(turn, latents, self.random("train.flow_noise", 6, 12), 0.3, 1.0)
        question = self._question()
        self.cases["train"] = {"raw_timesteps": [0.3], "timestep_shift": 1.0}
        self._losses("train", losses([turn, question]))

    def editing_twice(self) -> None:
        sizes = {"src_vae": (8, 8), "mid_vae": (12, 8), "tgt_vae": (8, 12)}
        pictures = {n: self.random(f"train2.{n}", 3, *size) for n, size in sizes.items()}
        order = [pictures[n] for n in ("src_vae", "mid_vae", "mid_vae", "tgt_vae")]
        eps = self.eps("train2.vae_eps", 4, 12, 12)
        src, mid, mid_again, tgt = encoded(self.vae, order, eps, self.factor)
        noise = self.random("train2.flow_noise", 4 + 6 + 6 + 6, 12).split([4, 6, 6, 6])
        raw, shift = [-0.7, 0.9], 3.0
        turn = self.turn()
        turn.painted(to_tokens(src, 2), 2, 0.0, None)
        turn.seen(self.random("train2.src_vit", 3, 8, 8))
        turn.text(self.ids("train2.text1_ids", 3))
        self._target(turn, mid, noise[1], raw[0], shift)
        turn.painted(to_tokens(mid_again, 2), 2, 0.0, None)
        turn.seen(self.random("train2.mid_vit", 3, 4, 8))
        turn.text(self.ids("train2.text2_ids", 2))
        self._target(turn, tgt, noise[3], raw[1], shift)
        self.cases["train2"] = {"raw_timesteps": raw, "timestep_shift": shift}
        self._losses("train2", losses([turn, self._question()]))

    def _question(self) -> Turn:
        names = ("train.vqa_pixels", "train.question_ids", "train.answer_ids")
        if names[0] not in self.tensors:
            self.random(names[0], 3, 12, 8)
            self.ids(names[1], 3)
            self.ids(names[2], 4)
        turn = self.turn(sample=1)
        turn.seen(self.tensors[names[0]])
        turn.text(self.tensors[names[1]])
        turn.text(self.tensors[names[2]], has_loss=True)
        return turn

    def _target(self, turn: Turn, latents: Tensor, noise: Tensor, raw: float, shift: float) -> None:
        u = 1 / (1 + math.exp(-raw))
        t = shift * u / (1 + (shift - 1) * u)
        clean = to_tokens(latents, 2)
        mixed = (1 - t) * clean + t * noise
        turn.painted(mixed, latents.shape[2] // 2, t, noise - clean)

    def _losses(self, case: str, made: Losses) -> None:
        rows = [row for turn in made.turns for row in turn.rows]
        mask = [
            [may_see(a, b, is_earlier=j <= i) for j, b in enumerate(rows)]
            for i, a in enumerate(rows)
        ]
        found = {
            "mask": torch.tensor(mask, dtype=torch.uint8),
            "position_ids": torch.tensor([row.position for row in rows]),
            "text_ids": torch.tensor([i for turn in made.turns for i in turn.text_ids]),
            "text_indexes": made.indexes(lambda turn: turn.text_at),
            "vit_token_indexes": made.indexes(lambda turn: turn.vit_at),
            "gen_token_indexes": made.indexes(lambda turn: turn.gen_at),
            "mse_indexes": made.indexes(lambda turn: turn.target_at),
            "ce_indexes": made.indexes(lambda turn: [at for at, _ in turn.labels]),
            "labels": torch.tensor([label for turn in made.turns for _, label in turn.labels]),
            "ce_per_token": made.ce,
            "mse_per_token_channel": made.mse,
        }
        self.tensors |= {f"{case}.{name}": value.detach() for name, value in found.items()}
        grads = self._gradients(made)
        self.cases[case] |= {
            "sample_lens": [len(turn.rows) for turn in made.turns],
            "ce_loss": float(made.ce.detach().mean()),
            "mse_loss": float(made.mse.detach().mean()),
            # Shifting every key alike changes no softmax: such a bias has no gradient but noise.
            "grad_norms": {key: norm for key, norm in grads.items() if norm > 1e-4},
            "grad_norm_total": math.sqrt(sum(norm**2 for norm in grads.values())),
        }

    def _gradients(self, made: Losses) -> dict[str, float]:
        named = [(key, value) for key, value in self.net.w.items() if value.requires_grad]
        loss = made.ce.mean() + made.mse.mean()
        grads = torch.autograd.grad(loss, [value for _, value in named], allow_unused=True)
        found = zip(named, grads, strict=True)
        return {key: float(grad.norm()) for (key, _), grad in found if grad is not None}


def write_vectors(folder: Path, seed: int = 5) -> None:
    """Write a checkpoint of odd sizes with vectors of text, drawing, editing and training."""
    writer = Writer(folder, seed)
    with torch.no_grad():
        writer.text()
        writer.drawing()
        writer.editing()
    for value in writer.net.w.values():
        value.requires_grad_()
    writer.training()
    writer.editing_twice()
    tensors = {key: value.detach().contiguous().clone() for key, value in writer.tensors.items()}
    save_file(tensors, folder / "vectors.safetensors")
    content = {"special_token_ids": SPECIAL, "cases": writer.cases}
    (folder / "vectors.json").write_text(json.dumps(content))
