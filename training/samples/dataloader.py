"""What the network learns from, drawn from a number and packed: one batch after the other.

Made by the training itself, or beside it by other processes: a GPU learns from pictures faster than
one core draws them. Knows tasks and packs. Does not know weights, noise or times.
"""

import random
import signal
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor
from torch.multiprocessing import set_sharing_strategy
from torch.utils.data import DataLoader, Dataset

from omnipersona.model.bagel.sequence import PackedSequence, Sample, pack
from omnipersona.model.bagel.tokenizer import Tokenizer
from omnipersona.model.engine.distributed import Team
from omnipersona.training.recipe import Recipe, Stage
from omnipersona.training.samples.aims import Aims, aims_of
from omnipersona.training.samples.plans import TASKS, Latent, Plan
from omnipersona.training.samples.synthetic_concepts import UsedConcept
from omnipersona.training.samples.tasks import TaskSampler, laid_out

_LENGTHS: Final = (100, 160, 220, 320)
_AHEAD: Final = 4
_BYTE: Final = 127.5


class Part(NamedTuple):
    """Samples of similar length.

    Attributes:
        packed: Their rows; latents, noise and times of pictures are still zero.
        pictures: Which of the batch's pictures each of its latents is of.
        sources: Which of them lies at the edit ports of each target that has one.
        targets: Of each latent token, the number of its target in the batch; -1 at conditions.
        cell_weights: Of each target token, what its error counts; 1 in the mean of a target.
        label_tasks: Of each label, the place of its task in `TASKS`.
        target_tasks: The same of each target token.
        aims: What is named in their pictures.
    """

    packed: PackedSequence
    pictures: Tensor
    sources: Tensor
    targets: Tensor
    cell_weights: Tensor
    label_tasks: Tensor
    target_tasks: Tensor
    aims: Aims


class Batch(NamedTuple):
    """The samples of a step.

    Attributes:
        parts: By length.
        pixels: Of all pictures that become latents, (P, 3, Y, X), bytes.
        used: The concepts in play.
        num_samples: Of all parts.
        num_targets: Pictures that are painted.
        label_weight: What all labels together count for.
        num_cells: Cells whose contents are named.
        num_compared: Cells that are compared with a concept.
    """

    parts: list[Part]
    pixels: Tensor
    used: list[UsedConcept]
    num_samples: int
    num_targets: int
    label_weight: float
    num_cells: int
    num_compared: int


class Batches(Dataset[Batch]):
    """The batch of every step, for one process of a team.

    Args:
        recipe: Mix and schedule.
        tokenizer: Of the network.
        team: Whom this process trains with.
        scale: How many times as many samples a batch has as the recipe says.
    """

    def __init__(self, recipe: Recipe, tokenizer: Tokenizer, team: Team, scale: int = 1) -> None:
        self.recipe = recipe
        self.tokenizer = tokenizer
        self.team = team
        self.scale = scale

    def made_ahead(self, steps: Iterable[int], makers: int) -> Iterator[Batch]:
        """Yield the batches of steps in their order, made ahead by so many processes."""
        # Handed over as files: the usual way takes a handle per tensor, and runs out of them.
        set_sharing_strategy("file_system")
        yield from DataLoader(
            self,
            batch_size=None,
            sampler=steps,
            num_workers=makers,
            collate_fn=_as_it_is,
            prefetch_factor=_AHEAD,
            worker_init_fn=_leave_signals_to_the_parent,
        )

    def __getitem__(self, step: int) -> Batch:
        """Return the batch of a step."""
        recipe = self.recipe
        rng = random.Random(f"{recipe.seed} step {step} of {self.team.rank}")
        stage = recipe.stage(step)
        sampler = TaskSampler(
            self.tokenizer,
            recipe.config,
            recipe.num_concepts,
            rng,
            stage.echo_words,
            recipe.in_context_share,
        )
        plans = self._plans(sampler, stage)
        pictures, places = _pictures(plans)
        samples = laid_out(plans, recipe.config)
        parts, first = list[Part](), 0
        for at in _by_length(samples):
            some = [plans[i] for i in at]
            parts.append(self._part(some, [samples[i] for i in at], places, first))
            first += sum(part.is_target for plan in some for part in _latents(plan))
        return Batch(
            parts=parts,
            pixels=((pictures + 1.0) * _BYTE).round().byte(),
            used=sampler.used,
            num_samples=len(samples),
            num_targets=first,
            label_weight=sum(float(part.packed.label_weights.sum()) for part in parts),
            num_cells=sum(part.aims.num_named for part in parts),
            num_compared=sum(len(part.aims.compared.rows) for part in parts),
        )

    def _plans(self, sampler: TaskSampler, stage: Stage) -> list[Plan]:
        counts = {name: self.scale * count for name, count in self.recipe.counts(stage).items()}
        return [
            make(stage.concept_share)
            for name, make in sampler.makers.items()
            for _ in range(self.team.share(counts[name]))
        ]

    def _part(
        self, plans: list[Plan], samples: list[Sample], places: dict[int, int], first: int
    ) -> Part:
        """Pack samples; their targets are counted from `first`."""
        kept = [part for plan in plans for part in _latents(plan)]
        numbers = iter(range(first, first + len(kept)))
        targets = torch.tensor([next(numbers) if p.is_target else -1 for p in kept]).long()
        packed = pack(samples, self.tokenizer.markers)
        tasks = torch.tensor([TASKS.index(plan.task) for plan in plans])
        sample_of = _samples_of_rows(packed)
        labels = sample_of[packed.layout.und_at[packed.label_rows]]
        latents = sample_of[packed.layout.gen_at[: len(packed.is_target)][packed.is_target]]
        num_tokens = self.recipe.config.max_latent_size**2
        return Part(
            packed=packed,
            pictures=torch.tensor([places[id(part.pixels)] for part in kept]).long(),
            sources=torch.tensor(
                [places[id(part.source)] for part in kept if part.source is not None]
            ).long(),
            targets=targets.repeat_interleave(num_tokens),
            cell_weights=self._cell_weights([cells for plan in plans for cells in plan.foreground]),
            label_tasks=tasks[labels],
            target_tasks=tasks[latents],
            aims=aims_of(plans, samples),
        )

    def _cell_weights(self, foreground: list[Tensor]) -> Tensor:
        """Return a weight per target token, 1 in the mean of a picture.

        Figures and things are small and carry the meaning; backgrounds are soon learned.
        """
        more = self.recipe.foreground_weight - 1.0
        weights = [1.0 + more * share for share in foreground]
        return torch.cat([torch.empty(0), *(weight / weight.mean() for weight in weights)])


def as_pixels(pixels: Tensor) -> Tensor:
    """Return a batch's bytes as pixels in [-1, 1]."""
    return pixels.float() / _BYTE - 1.0


def _as_it_is(batch: Any) -> Any:
    return batch


def _leave_signals_to_the_parent(_maker: int) -> None:
    """Go on making batches when the terminal asks to stop: the last step still wants one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    torch.set_num_threads(1)


def _latents(plan: Plan) -> list[Latent]:
    return [part for part in plan.parts if isinstance(part, Latent)]


def _pictures(plans: Sequence[Plan]) -> tuple[Tensor, dict[int, int]]:
    """Return all pictures that become latents, each once, and where each lies among them."""
    used = [part for plan in plans for part in _latents(plan)]
    found = {id(part.pixels): part.pixels for part in used}
    found |= {id(part.source): part.source for part in used if part.source is not None}
    places = {one: place for place, one in enumerate(found)}
    return torch.stack(list(found.values())) if found else torch.empty(0), places


def _samples_of_rows(packed: PackedSequence) -> Tensor:
    """Return of each place on the grid the sample that lies there."""
    sample_of = torch.zeros(packed.layout.row_at.numel(), dtype=torch.long)
    for b, (at, count) in enumerate(zip(packed.sample_at, packed.sample_lens, strict=True)):
        sample_of[at : at + count] = b
    return sample_of


def _by_length(samples: list[Sample]) -> list[list[int]]:
    """Split a step's samples by their rows: attention pays for the longest of a pack."""
    parts: list[list[int]] = [[] for _ in range(1 + len(_LENGTHS))]
    for i, sample in enumerate(samples):
        parts[bisect_left(_LENGTHS, sample.num_rows)].append(i)
    return [part for part in parts if part]
