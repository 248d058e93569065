"""OmniModel: the parts wired together, with a packed forward for training and one for inference.

Knows weights and rows. Does not know words, pictures as files, users, or how sampling loops.
"""

# U und rows, G gen rows, D width, E numbers per latent token, S soft vectors, V vocabulary

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from omnipersona.model.bagel.config import ModelConfig
from omnipersona.model.bagel.flow.matching import (
    as_velocity,
    copying_velocity,
    noised,
    target_velocity,
)
from omnipersona.model.bagel.kv_cache import KVCache, StepCache
from omnipersona.model.bagel.sequence import Latents, PackedSequence
from omnipersona.model.bagel.transformer import Decoder, Past
from omnipersona.model.bagel.vae import Autoencoder
from omnipersona.model.bagel.vision import Connector, VisionEncoder, sincos_table

_NUM_FREQUENCIES = 128
_OPEN = 3.0  # a logit: .95 of an edit is drawn
_CHANGED = 0.15  # how far a latent number of an edit's outcome is from its source's, at least


class TimeEmbedder(nn.Module):
    """Time in [0, 1] (not multiplied by 1000) to a vector of the decoder's width."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(2 * _NUM_FREQUENCIES, width), nn.SiLU(), nn.Linear(width, width)
        )

    def forward(self, t_n: Tensor) -> Tensor:
        """Map (n,) to (n, D); cosines come first."""
        steps = torch.arange(_NUM_FREQUENCIES, dtype=torch.float32, device=t_n.device)
        frequencies = torch.exp(-torch.log(torch.tensor(10000.0)) * steps / _NUM_FREQUENCIES)
        angles = t_n.float()[:, None] * frequencies.to(t_n.device)
        waves = torch.cat([angles.cos(), angles.sin()], dim=-1)
        return self.mlp(waves.to(next(self.mlp.parameters()).dtype))


class EditPorts(nn.Module):
    """The source of an edit at its own cells: into the generation expert, and past it.

    A number of the outcome is the source's, but for the share that a gate lets the network change:
    what an instruction leaves alone is copied, not drawn again. What comes in starts at zero and
    the gate wide open, so that a network which draws edits goes on drawing them.
    """

    def __init__(self, latent_width: int, width: int) -> None:
        super().__init__()
        self.into = nn.Linear(latent_width, width)
        self.gate = nn.Linear(width, latent_width)
        self.start()

    def start(self) -> None:
        """Let the network draw all of an edit."""
        for part in (self.into, self.gate):
            nn.init.zeros_(part.weight)
            nn.init.zeros_(part.bias)
        nn.init.constant_(self.gate.bias, _OPEN)

    def logits(self, rows_mD: Tensor) -> Tensor:
        """Return how sure it is that an edit changes each number, (m, E); the share is drawn."""
        return self.gate(rows_mD).float()


@dataclass(frozen=True, slots=True)
class Hidden:
    """Final normed rows of both experts, the velocity of each latent token, the gate of edited."""

    und_UD: Tensor
    gen_GD: Tensor
    velocity_nE: Tensor | None
    gate_mE: Tensor | None = None


@dataclass(frozen=True, slots=True)
class Losses:
    """Unreduced training losses.

    Attributes:
        ce: Cross-entropy per labelled row, nats.
        mse: Squared velocity error per target token and number, (n, E).
        gate: Cross-entropy of what an edit changes, per token that has its source beside it and
            number, (m, E), nats; empty without edit ports.
    """

    ce: Tensor
    mse: Tensor
    gate: Tensor


class OmniModel(nn.Module):
    """Decoder with two experts, vision encoder, autoencoder and the layers that join them."""

    latent_positions: Tensor
    vit_positions: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        width = config.text.hidden_size
        self.decoder = Decoder(config.text)
        self.vision = VisionEncoder(config.vision)
        self.connector = Connector(config.vision.hidden_size, width)
        self.autoencoder = Autoencoder(config.autoencoder)
        self.time_embedder = TimeEmbedder(width)
        self.vae2llm = nn.Linear(config.latent_width, width)
        self.llm2vae = nn.Linear(width, config.latent_width)
        self.edit_ports = EditPorts(config.latent_width, width) if config.edit_ports else None
        for name, side in (
            ("latent_positions", config.max_latent_size),
            ("vit_positions", config.vit_max_num_patch_per_side),
        ):
            table = sincos_table(side, width, config.positions)
            self.register_buffer(name, table, persistent=False)

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        return self.llm2vae.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """Type of the rows; latents and losses are float32."""
        return self.llm2vae.weight.dtype

    def vision_rows(self, patches: Tensor, position_ids: Tensor, lengths: list[int]) -> Tensor:
        """Return decoder rows (n, D) of vision patches."""
        features = self.vision(patches, position_ids, lengths)
        return self.connector(features) + self.vit_positions[position_ids.to(self.device)]

    def latent_rows(self, x_t: Tensor, t_n: Tensor, position_ids: Tensor) -> Tensor:
        """Return decoder rows (n, D) of latent tokens at times `t_n`; clean ones have t = 0."""
        embedded = self.vae2llm(x_t.to(self.dtype)) + self.time_embedder(t_n)
        return embedded + self.latent_positions[position_ids]

    def run(
        self,
        packed: PackedSequence,
        soft_SD: Tensor | None = None,
        past: Past | None = None,
        grow: list[KVCache] | None = None,
        step_cache: StepCache | None = None,
    ) -> Hidden:
        """Embed the rows of a pack and run the decoder.

        Args:
            packed: From `sequence.pack`.
            soft_SD: Table of learned vectors that the pack's soft rows point into.
            past: What came before these rows.
            grow: Caches that receive these rows.
            step_cache: Of the drawing that these rows are a step of.
        """
        packed = packed.to(self.device)
        und, gen, x_t = self._embed(packed, soft_SD)
        und_UD, gen_GD = self.decoder(und, gen, packed.layout, past, grow, step_cache)
        if x_t is None or packed.latents is None:
            return Hidden(und_UD, gen_GD, None)
        velocity, gate = self._velocity(gen_GD[: x_t.shape[0]], x_t, packed.latents)
        return Hidden(und_UD, gen_GD, velocity, gate)

    def forward(self, packed: PackedSequence, soft_SD: Tensor | None = None) -> Losses:
        """Return the training losses of a pack, unreduced."""
        packed = packed.to(self.device)
        hidden = self.run(packed, soft_SD)
        logits = self.decoder.lm_head(hidden.und_UD.index_select(0, packed.label_rows))
        ce = F.cross_entropy(logits.float(), packed.labels, reduction="none")
        nothing = ce.new_zeros(0, self.config.latent_width)
        if hidden.velocity_nE is None or packed.latents is None:
            return Losses(ce, nothing, nothing)
        latents = packed.latents
        target = target_velocity(latents.tokens, latents.noise)
        error = (hidden.velocity_nE - target)[packed.is_target]
        if hidden.gate_mE is None:
            return Losses(ce, error.square(), nothing)
        moved = latents.tokens.index_select(0, latents.edited) - latents.source
        changed = (moved.abs() > _CHANGED).float()
        missed = F.binary_cross_entropy_with_logits(hidden.gate_mE, changed, reduction="none")
        return Losses(ce, error.square(), missed)

    def _velocity(
        self, rows_nD: Tensor, x_t: Tensor, latents: Latents
    ) -> tuple[Tensor, Tensor | None]:
        output = self.llm2vae(rows_nD)
        velocity = as_velocity(output.float(), x_t, latents.t, self.config.prediction)
        edited = latents.edited
        if self.edit_ports is None or not len(edited):
            return velocity, None
        drawn, at, t = (part.index_select(0, edited) for part in (velocity, x_t, latents.t))
        copied = copying_velocity(at, latents.source.float(), t)
        gate = self.edit_ports.logits(rows_nD.index_select(0, edited))
        edits = copied + torch.sigmoid(gate) * (drawn - copied)
        return velocity.index_copy(0, edited, edits), gate

    def _embed(
        self, packed: PackedSequence, soft_SD: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        und = [self.decoder.embed_tokens(packed.text_ids)]
        gen: list[Tensor] = []
        x_t: Tensor | None = None
        if packed.soft_und.numel() and soft_SD is not None:
            und.append(soft_SD.to(und[0]).index_select(0, packed.soft_und))
        if packed.patches is not None:
            patches = packed.patches
            und.append(self.vision_rows(patches.pixels, patches.position_ids, patches.lengths))
        if packed.known is not None:
            und.append(packed.known.to(und[0]))
        if packed.latents is not None:
            latents = packed.latents
            x_t = noised(latents.tokens, latents.noise, latents.t)
            rows = self.latent_rows(x_t, latents.t[:, 0], latents.position_ids)
            if self.edit_ports is not None and len(latents.edited):
                ported = self.edit_ports.into(latents.source.to(self.dtype))
                rows = rows.index_add(0, latents.edited, ported.to(rows))
            gen.append(rows)
        if packed.soft_gen.numel() and soft_SD is not None:
            gen.append(soft_SD.to(und[0]).index_select(0, packed.soft_gen))
        und_rows = torch.cat(und)
        gen_rows = torch.cat(gen) if gen else und_rows[:0]
        return und_rows, gen_rows, x_t
