"""Pretraining of nano's network: all tasks mixed, pseudo-concepts trained along.

Knows tasks, optimiser and checkpoints. Does not know users or the agent. Resumable: weights, EMA,
moments and position lie in the state folder; data and noise are drawn from the step's number, so
an interrupted run goes on as if it had not been.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from omnipersona.model.concept.encoder import ConceptEncoder, photo_features
from omnipersona.model.concept.tokens import NUM_GEN, NUM_UND
from omnipersona.model.latent.patches import to_tokens
from omnipersona.model.omni import Losses, OmniModel
from omnipersona.model.precision import training_precision
from omnipersona.model.sequence.pack import PackedSequence
from omnipersona.model.team import ALONE, Team
from omnipersona.model.text.tokenizer import Tokenizer
from omnipersona.training.recipe import Recipe
from omnipersona.training.samples.dataloader import Batch, Batches, Part
from omnipersona.training.samples.pixels import encoded
from omnipersona.training.samples.synthetic_concepts import UsedConcept
from omnipersona.training.trainers.auxiliary_heads import Naming
from omnipersona.training.trainers.checkpoint import CsvLog, load_state, save_state
from omnipersona.training.trainers.cooldown import Cooldown
from omnipersona.training.trainers.muon import Muon
from omnipersona.training.trainers.stopping import is_asked_to_stop
from omnipersona.training.world.labels import looks_of

logger = logging.getLogger(__name__)

_SAVE_SECONDS = 300.0
_LOG_STEPS = 25
_COOLING_DECAY = 0.98
_TASKS = (
    "draw",
    "draw concept",
    "edit",
    "edit concept",
    "look",
    "look concept",
    "recognise",
    "facts",
    "text",
    "told",
    "cells",
    "copy",
    "echo",
    "looks",
    "compared",
)


class Trainee(nn.Module):
    """What pretraining changes: the network without its autoencoder, and the concepts.

    A concept has the vectors that the encoder predicts from its photos, plus, if it is numbered,
    what its row of the table adds.
    """

    def __init__(self, model: OmniModel, num_concepts: int) -> None:
        super().__init__()
        self.model = model
        width = model.config.text.hidden_size
        self.encoder = ConceptEncoder(model.config.vision.hidden_size, width)
        self.concepts = nn.Embedding(num_concepts, (1 + NUM_UND + NUM_GEN) * width, sparse=True)
        nn.init.normal_(self.concepts.weight, std=0.02)

    def tables(self, used: Sequence[UsedConcept]) -> Tensor:
        """Return all vectors of the concepts of a step, (C, R, D): sks, und and gen of each."""
        photos = [photo for one in used for photo in one.photos]
        lengths = [sum(len(photo.patches) for photo in one.photos) for one in used]
        features = photo_features(self.model, photos).split(lengths)
        found = []
        for one, seen in zip(used, features, strict=True):
            table = self.encoder(seen.to(self.concepts.weight.device))
            if one.number is not None:
                number = torch.tensor(one.number, device=self.concepts.weight.device)
                table = table + self.concepts(number).view_as(table)
            found.append(table)
        return torch.stack(found)

    def soft_table(self, used: Sequence[UsedConcept]) -> Tensor | None:
        """Return the vectors that the samples of a step show, (S, D)."""
        return shown_vectors(self.tables(used), used) if used else None

    def dense_parameters(self) -> list[nn.Parameter]:
        """Return the parameters of network and encoder; the autoencoder is frozen."""
        named = self.model.named_parameters()
        network = [p for name, p in named if not name.startswith("autoencoder.")]
        return [*network, *self.encoder.parameters()]


class _Concepts(NamedTuple):
    """Of a step's concepts the vectors that samples show, (S, D), and the loss of naming them."""

    shown: Tensor
    named: Tensor


def shown_vectors(tables_CRD: Tensor, used: Sequence[UsedConcept]) -> Tensor:
    """Return as many vectors of each concept as it shows, (S, D): sks, und and gen of each."""
    shown = []
    for one, table in zip(used, tables_CRD, strict=True):
        count = one.num_each
        shown += [table[: 1 + count], table[1 + NUM_UND : 1 + NUM_UND + count]]
    return torch.cat(shown)


class Pretraining:
    """One resumable run.

    Args:
        model: Fresh or half-trained; its autoencoder is done.
        tokenizer: Of the corpus.
        recipe: Mix and schedule.
        state: Folder of checkpoint and log.
        team: Whom this process trains with.
        makers: Processes that make batches ahead.
    """

    def __init__(
        self,
        model: OmniModel,
        tokenizer: Tokenizer,
        recipe: Recipe,
        state: Path,
        team: Team = ALONE,
        makers: int = 0,
    ) -> None:
        self.recipe = replace(recipe, config=model.config)
        self.team = team
        self.makers = makers
        self.state = state
        self.batches = Batches(self.recipe, tokenizer, team)
        model.autoencoder.requires_grad_(requires_grad=False)
        self.trainee = Trainee(model, recipe.num_concepts).to(model.device)
        self.dense = self.trainee.dense_parameters()
        self.naming = Naming(model).to(model.device)
        self.shared = [*self.dense, *self.naming.parameters()]
        matrices = _matrices(model)
        others = [p for p in self.shared if all(p is not matrix for matrix in matrices)]
        self.optimizer = torch.optim.AdamW(
            self._groups(others), recipe.peak_rate, (0.9, 0.98), weight_decay=0.01, fused=True
        )
        self.muon = Muon(self._groups(matrices), recipe.matrix_rate, team)
        self.sparse = torch.optim.SparseAdam(
            list(self.trainee.concepts.parameters()), lr=recipe.concept_rate
        )
        self.step = load_state(state / "network", self.trainee, self.optimizer)
        load_state(state / "naming", self.naming, None)
        load_state(state / "muon", nn.Module(), self.muon)
        load_state(state / "concepts", self.trainee.concepts, self.sparse)
        self._cooldown: Cooldown | None = None
        self.ema = _Average(self.dense, recipe.ema_decay)
        load_state(state / "ema", self.ema, None)
        self.log = CsvLog(state / "network.csv", ("step", "seconds", "rows", *_TASKS))

    def run(
        self, until: int, seconds: float, on_save: Callable[[], None], cooldown: int = 0
    ) -> None:
        """Train until a step, a time or a signal; the leader saves now and then and at the end.

        Args:
            until: Last step of the run.
            seconds: Wall time at most.
            on_save: Called after each save, for instance to write a checkpoint folder.
            cooldown: Steps over which the rate falls to a tenth, and the run ends; 0 keeps it, and
                one that was cut goes on. The average then forgets faster, to hold what the low
                rates reach.
        """
        if cooldown:
            self._cooldown = Cooldown.at(self.state, self.step, cooldown)
            until = min(until, self._cooldown.last)
            self.ema.decay = min(self.ema.decay, _COOLING_DECAY)
        started = saved = time.monotonic()
        losses: dict[str, list[float]] = defaultdict(list)
        rows = 0
        batches = self.batches.stream(range(self.step, until), self.makers)
        while self.team.agrees(
            self.step < until and time.monotonic() - started < seconds and not is_asked_to_stop()
        ):
            rows += self._step(next(batches), losses)
            self.step += 1
            if not self.team.leads:
                continue
            if self.step % _LOG_STEPS == 0:
                elapsed = time.monotonic() - started
                means = [sum(losses[t]) / max(1, len(losses[t])) for t in _TASKS]
                self.log.write(self.step, elapsed, rows // _LOG_STEPS, *means)
                told = " ".join(f"{t} {m:.3f}" for t, m in zip(_TASKS, means, strict=True))
                logger.info("step %d (%.0f s) %s", self.step, elapsed, told)
                losses.clear()
                rows = 0
            if time.monotonic() - saved > _SAVE_SECONDS:
                self.save()
                on_save()
                saved = time.monotonic()
        if self.team.leads:
            self.save()
            on_save()

    def save(self) -> None:
        """Write the whole state."""
        save_state(self.state / "naming", self.naming, None, self.step)
        save_state(self.state / "muon", nn.Module(), self.muon, self.step)
        save_state(self.state / "concepts", self.trainee.concepts, self.sparse, self.step)
        save_state(self.state / "ema", self.ema, None, self.step)
        save_state(self.state / "network", self.trainee, self.optimizer, self.step)

    def averaged(self) -> Trainee:
        """Return a copy of network and concepts with the averaged weights."""
        found = Trainee(OmniModel(self.trainee.model.config), self.recipe.num_concepts)
        found.load_state_dict(self.trainee.state_dict())
        self.ema.copy_to(found.dense_parameters())
        return found

    def _step(self, batch: Batch, losses: dict[str, list[float]]) -> int:
        recipe, device = self.recipe, self.trainee.model.device
        seed = (recipe.seed + self.team.rank) * 1_000_003 + self.step
        noise = torch.Generator(device).manual_seed(seed)
        parts = batch.parts
        latents = self._latents(batch.pixels)
        all_weights = sum(float(part.packed.label_weights.sum()) for part in parts)
        num_cells = max(1, sum(part.aims.num_named for part in parts))
        num_compared = max(1, sum(len(part.aims.compared.rows) for part in parts))
        num_targets = sum(int(part.packed.is_target.sum()) for part in parts)
        self.optimizer.zero_grad(set_to_none=True)
        self.muon.zero_grad(set_to_none=True)
        self.sparse.zero_grad(set_to_none=True)
        concepts = self._concepts(batch.used)
        shared = None if concepts is None else concepts.shown.detach().requires_grad_()
        for part in parts:
            packed = _filled(part, latents, noise)
            with training_precision():
                result = self.trainee.model(packed, shared)
                named, compared = self.naming.loss(part.aims)
            named, compared = named / num_cells, compared / num_compared
            loss = (result.ce * part.packed.label_weights).sum() / max(1.0, all_weights)
            if len(result.mse):
                weights = self._time_weights(part.packed) * self._cell_weights(part.foreground)
                loss = loss + (result.mse.mean(-1) * weights).sum() / num_targets
            loss = loss + named + compared
            loss.backward()
            losses["cells"].append(float(named.detach()) * len(parts))
            losses["compared"].append(float(compared.detach()) * len(parts))
            _record(losses, part, result)
        if concepts is not None and shared is not None and shared.grad is not None:
            torch.autograd.backward([concepts.shown, concepts.named], [shared.grad, None])
            losses["looks"].append(float(concepts.named.detach()))
        self.team.average(self.shared)
        self.team.average_rows(self.trainee.concepts.weight)
        nn.utils.clip_grad_norm_(self.shared, 1.0)
        warm = min(1.0, (self._num_updates() + 1) / recipe.warmup)
        share = warm * (self._cooldown.share(self.step) if self._cooldown else 1.0)
        for optimizer, rate in (
            (self.optimizer, recipe.peak_rate),
            (self.muon, recipe.matrix_rate),
        ):
            for group in optimizer.param_groups:
                group["lr"] = share * rate * group["share"]
        self.optimizer.step()
        self.muon.step()
        self.sparse.step()
        self.ema.update(self.dense, self.step)
        return sum(sum(part.packed.sample_lens) for part in parts)

    def _latents(self, pixels_PCYX: Tensor) -> Tensor | None:
        """Return the latent tokens of pictures, (P, T, E)."""
        if not len(pixels_PCYX):
            return None
        model = self.trainee.model
        found = encoded(model, list(pixels_PCYX))
        return torch.stack([to_tokens(one, model.config.latent_patch_size) for one in found])

    def _concepts(self, used: Sequence[UsedConcept]) -> "_Concepts | None":
        if not used:
            return None
        with training_precision():
            tables = self.trainee.tables(used)
        looks = torch.stack([looks_of(one.identity) for one in used])
        return _Concepts(shown_vectors(tables, used), self.naming.concepts_loss(tables, looks))

    def _groups(self, parameters: list[nn.Parameter]) -> list[dict[str, Any]]:
        """Part the vision encoder, which is trained already and moves slower, from the rest."""
        seeing = {id(p) for p in self.trainee.model.vision.parameters()}
        vision = [p for p in parameters if id(p) in seeing]
        rest = [p for p in parameters if id(p) not in seeing]
        return [
            {"params": rest, "share": 1.0},
            {"params": vision, "share": self.recipe.vision_share},
        ]

    def _time_weights(self, packed: PackedSequence) -> Tensor:
        """Return a weight per target token: 1, but less near t = 0, where only detail is left.

        A clean prediction's velocity error grows with 1/t; unweighted, the last details would
        drown the structure of the picture.
        """
        assert packed.latents is not None, "targets are latents"
        t = packed.latents.t[packed.is_target, 0]
        return (t / t.clamp_min(self.recipe.detail_time)).square()

    def _cell_weights(self, foreground: list[Tensor]) -> Tensor:
        """Return a weight per target token, 1 in the mean of a picture.

        Figures and things are small and carry the meaning; backgrounds are soon learned.
        """
        more = self.recipe.foreground_weight - 1.0
        weights = [1.0 + more * share for share in foreground]
        return torch.cat([weight / weight.mean() for weight in weights])

    def _num_updates(self) -> int:
        """Return the updates that the moments have seen, fewer than `step` after a fresh start."""
        first = self.optimizer.param_groups[0]["params"][0]
        return int(self.optimizer.state[first].get("step", 0))


def _matrices(model: OmniModel) -> list[nn.Parameter]:
    """Return the matrices inside the layers of decoder and vision encoder."""
    named = model.named_parameters()
    return [p for name, p in named if ".layers." in name and p.dim() == 2]


class _Average(nn.Module):
    """Exponential moving average of parameters, as buffers so that it can be saved."""

    def __init__(self, parameters: list[nn.Parameter], decay: float) -> None:
        super().__init__()
        self.decay = decay
        for i, parameter in enumerate(parameters):
            self.register_buffer(f"p{i}", parameter.detach().clone())

    @torch.no_grad()
    def update(self, parameters: list[nn.Parameter], step: int) -> None:
        """Move towards the parameters; early steps move further, to leave the start behind."""
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(list(self.buffers()), list(parameters), 1.0 - decay)

    @torch.no_grad()
    def copy_to(self, parameters: list[nn.Parameter]) -> None:
        """Write the average into parameters."""
        for mine, parameter in zip(self.buffers(), parameters, strict=True):
            parameter.copy_(mine)


def _filled(part: Part, latents_PTE: Tensor | None, noise: torch.Generator) -> PackedSequence:
    """Return a part's pack on the device with the latents of its pictures, and noise at targets."""
    packed = part.packed
    if packed.latents is None or latents_PTE is None:
        return packed
    packed = packed.to(latents_PTE.device)
    assert packed.latents is not None, "moving loses nothing"
    tokens = latents_PTE[part.pictures.to(latents_PTE.device)].flatten(0, 1)
    drawn = torch.randn(tokens.shape, generator=noise, device=tokens.device)
    drawn = drawn * packed.is_target[:, None]
    return replace(packed, latents=replace(packed.latents, tokens=tokens, noise=drawn))


def _record(losses: dict[str, list[float]], part: Part, result: Losses) -> None:
    """Split both losses by task: a sample has labels or targets, never both."""
    packed = part.packed
    sample_of = torch.zeros(packed.layout.row_at.numel(), dtype=torch.long)
    for b, (at, count) in enumerate(zip(packed.sample_at, packed.sample_lens, strict=True)):
        sample_of[at : at + count] = b
    label_sample = sample_of[packed.layout.und_at[packed.label_rows]]
    latent_sample = sample_of[packed.layout.gen_at[: len(packed.is_target)][packed.is_target]]
    owners = torch.cat([label_sample, latent_sample])
    found = torch.cat([result.ce.detach(), result.mse.detach().mean(-1)])
    sums = torch.zeros(len(part.tasks)).index_add_(0, owners, found)
    counts = owners.bincount(minlength=len(part.tasks))
    for task, mean in zip(part.tasks, (sums / counts).tolist(), strict=True):
        losses[task].append(mean)
