"""Pretraining of nano's network: all tasks mixed, pseudo-concepts trained along.

Knows tasks, optimiser and checkpoints. Does not know users or the agent. Resumable: weights, EMA,
moments and position lie in the state folder; data and noise are drawn from the step's number, so
an interrupted run goes on as if it had not been.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor, nn

from omnipersona.model.bagel.concept_training.encoder import ConceptEncoder, photo_features
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.sequence import PackedSequence
from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.model.concepts.tokens import NUM_GEN, NUM_UND
from omnipersona.model.engine.devices import training_precision
from omnipersona.model.engine.distributed import ALONE, Team
from omnipersona.training.recipe import Recipe
from omnipersona.training.samples.dataloader import Batch, Batches, Part
from omnipersona.training.samples.plans import TASKS
from omnipersona.training.samples.pool import Pool, fresh_times, noisy
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
_GATE_WEIGHT = 0.15
_LOGGED: Final = (*TASKS, "gate", "cells", "looks", "compared")


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
            table = self.encoder(seen)
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
        scale: How many times as many samples a step has as the recipe says.
    """

    def __init__(
        self,
        model: OmniModel,
        tokenizer: Tokenizer,
        recipe: Recipe,
        state: Path,
        team: Team = ALONE,
        makers: int = 0,
        scale: int = 1,
    ) -> None:
        self.recipe = replace(recipe, config=model.config)
        self.team = team
        self.makers = makers
        self.state = state
        self.batches = Batches(self.recipe, tokenizer, team, scale)
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
        self.losses = _Losses(model.device)
        self.num_tokens = model.config.max_latent_size**2
        columns = ("step", "seconds", *_Speed._fields, "new_batches", *_LOGGED)
        self.log = CsvLog(state / "network.csv", columns)

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
        pool = self._pool
        started = saved = logged = time.monotonic()
        num_samples, before = 0, pool.waited
        while self.team.agrees(
            self.step < until and time.monotonic() - started < seconds and not is_asked_to_stop()
        ):
            num_samples += self._step(pool.take(self.step))
            self.step += 1
            if not self.team.leads:
                continue
            now = time.monotonic()
            if self.step % _LOG_STEPS == 0:
                took = now - logged
                speed = _Speed(num_samples / took, (pool.waited - before) / took)
                self._tell(now - started, speed, pool.num_new)
                num_samples, before, logged = 0, pool.waited, now
            if now - saved > _SAVE_SECONDS:
                self.save()
                on_save()
                saved = time.monotonic()
                logged += saved - now
        if self.team.leads:
            self.save()
            on_save()

    def close(self) -> None:
        """End the processes that make batches, if any were begun."""
        if "_pool" in self.__dict__:
            self._pool.close()

    @cached_property
    def _pool(self) -> Pool:
        return Pool(
            self.batches,
            self.trainee.model,
            size=self.recipe.pool_size,
            uses=self.recipe.pool_uses,
            makers=self.makers,
            first=self.step,
        )

    def _tell(self, elapsed: float, speed: "_Speed", num_new: int) -> None:
        means = self.losses.means()
        self.log.write(self.step, elapsed, *speed, num_new, *means.values())
        told = " ".join(f"{task} {mean:.3f}" for task, mean in means.items() if mean)
        logger.info(
            "step %d (%.0f s, %.1f samples/s, %.1f %% waiting) %s",
            self.step,
            elapsed,
            speed.samples_per_second,
            100.0 * speed.waiting,
            told,
        )

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
        found = found.to(self.trainee.model.device)
        found.load_state_dict(self.trainee.state_dict())
        self.ema.copy_to(found.dense_parameters())
        return found

    def _step(self, batch: Batch) -> int:
        """Learn from a batch; return the samples in it."""
        recipe, device = self.recipe, self.trainee.model.device
        seed = (recipe.seed + self.team.rank) * 1_000_003 + self.step
        noise = torch.Generator(device).manual_seed(seed)
        times = fresh_times(
            batch.num_targets, recipe.timestep_shift, recipe.time_spread, seed, device
        )
        for optimizer in (self.optimizer, self.muon, self.sparse):
            optimizer.zero_grad(set_to_none=True)
        concepts = self._concepts(batch.used)
        shared = None if concepts is None else concepts.shown.detach().requires_grad_()
        for part in batch.parts:
            self._backward(part, batch, noisy(part, times, noise), shared)
        if concepts is not None and shared is not None and shared.grad is not None:
            torch.autograd.backward([concepts.shown, concepts.named], [shared.grad, None])
            self.losses.add("looks", concepts.named.detach())
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
        self.ema.update(self.dense, self._num_updates())
        return batch.num_samples

    def _backward(
        self, part: Part, batch: Batch, packed: PackedSequence, shared: Tensor | None
    ) -> None:
        """Add the gradients of a part's losses, each in its mean over the whole batch."""
        with training_precision(self.trainee.model.device.type):
            result = self.trainee.model(packed, shared)
            named, compared = self.naming.loss(part.aims)
        named = named / max(1, batch.num_cells)
        compared = compared / max(1, batch.num_compared)
        loss = (result.ce * packed.label_weights).sum() / max(1.0, batch.label_weight)
        missed = result.mse.mean(-1)
        if len(missed):
            missed = missed * self._time_weights(packed)
            weighed = (missed * part.cell_weights).sum()
            loss = loss + weighed / (batch.num_targets * self.num_tokens)
        if len(result.gate):
            # A copy that is drawn anew costs the picture little; what changes is taught by itself.
            gate = result.gate.mean()
            loss = loss + _GATE_WEIGHT * gate / len(batch.parts)
            self.losses.add("gate", gate.detach())
        (loss + named + compared).backward()
        self.losses.add("cells", named.detach(), 1.0 / len(batch.parts))
        self.losses.add("compared", compared.detach(), 1.0 / len(batch.parts))
        self.losses.add_each(part.label_tasks, result.ce.detach())
        self.losses.add_each(part.target_tasks, missed.detach())

    def _concepts(self, used: Sequence[UsedConcept]) -> "_Concepts | None":
        if not used:
            return None
        with training_precision(self.trainee.model.device.type):
            tables = self.trainee.tables(used)
        looks = torch.stack([looks_of(one.identity) for one in used])
        return _Concepts(shown_vectors(tables, used), self.naming.concepts_loss(tables, looks))

    def _groups(self, parameters: list[nn.Parameter]) -> list[dict[str, Any]]:
        """Give the vision encoder, which is trained already, and edit ports paces of their own."""
        model = self.trainee.model
        shares = {id(p): self.recipe.vision_share for p in model.vision.parameters()}
        if model.edit_ports is not None:
            shares |= {id(p): self.recipe.ports_share for p in model.edit_ports.parameters()}
        by_share: dict[float, list[nn.Parameter]] = {}
        for parameter in parameters:
            by_share.setdefault(shares.get(id(parameter), 1.0), []).append(parameter)
        return [{"params": some, "share": share} for share, some in by_share.items()]

    def _time_weights(self, packed: PackedSequence) -> Tensor:
        """Return a weight per target token: 1, but less near t = 0, where only detail is left.

        A clean prediction's velocity error grows with 1/t; unweighted, the last details would
        drown the structure of the picture.
        """
        assert packed.latents is not None, "targets are latents"
        t = packed.latents.t[packed.is_target, 0]
        return (t / t.clamp_min(self.recipe.detail_time)).square()

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
    def update(self, parameters: list[nn.Parameter], num_updates: int) -> None:
        """Move towards the parameters after so many updates.

        The average reaches back over a tenth of a run at first, until its own decay is longer; what
        a run begins with is left behind as fast as it learns.
        """
        decay = min(self.decay, (1 + num_updates) / (10 + num_updates))
        torch._foreach_lerp_(list(self.buffers()), list(parameters), 1.0 - decay)

    @torch.no_grad()
    def copy_to(self, parameters: list[nn.Parameter]) -> None:
        """Write the average into parameters."""
        for mine, parameter in zip(self.buffers(), parameters, strict=True):
            parameter.copy_(mine)


class _Speed(NamedTuple):
    """Samples learned from per second, and the share of time spent making or awaiting them."""

    samples_per_second: float
    waiting: float


class _Losses:
    """Sums of losses by name on the device, read out now and then: reading waits for the device."""

    def __init__(self, device: torch.device) -> None:
        self._sums = torch.zeros(len(_LOGGED), device=device)
        self._counts = torch.zeros(len(_LOGGED), device=device)

    def add(self, name: str, loss: Tensor, count: float = 1.0) -> None:
        """Note a part of a loss; parts whose counts sum to one are one loss."""
        at = _LOGGED.index(name)
        self._sums[at] += loss
        self._counts[at] += count

    def add_each(self, tasks: Tensor, losses: Tensor) -> None:
        """Note one loss per row; `tasks` are places in `TASKS`."""
        self._sums.index_add_(0, tasks, losses.float())
        self._counts.index_add_(0, tasks, torch.ones_like(losses, dtype=torch.float32))

    def means(self) -> dict[str, float]:
        """Return the means since this was last asked; 0 where there was none."""
        found = (self._sums / self._counts.clamp_min(1e-6)).tolist()
        self._sums.zero_()
        self._counts.zero_()
        return dict(zip(_LOGGED, found, strict=True))
