"""What the network learns from in a step, drawn from the step's number and packed.

Made beside the training, by other processes if there are some: a GPU learns from pictures faster
than one core draws them. Knows tasks and packs. Does not know weights.
"""

import random
import signal
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor
from torch.multiprocessing import set_sharing_strategy
from torch.utils.data import DataLoader, Dataset

from omnipersona.model.flow.path import spread_times
from omnipersona.model.sequence.pack import PackedSequence, pack
from omnipersona.model.sequence.segments import Sample
from omnipersona.model.team import Team
from omnipersona.model.text.tokenizer import Tokenizer
from omnipersona.training.recipe import Recipe, Stage
from omnipersona.training.samples.plans import Latent, Plan
from omnipersona.training.samples.synthetic_concepts import UsedConcept
from omnipersona.training.samples.tasks import TaskSampler, laid_out
from omnipersona.training.trainers.auxiliary_heads import Aims, aims_of

_LENGTHS: Final = (100, 160)
_AHEAD: Final = 4


class Part(NamedTuple):
    """Samples of similar length.

    Attributes:
        packed: Their rows; latents and noise of pictures are still zero.
        pictures: Which of the batch's pictures each of its latents is of.
        tasks: Of each sample.
        aims: What is named in their pictures.
        foreground: Of each target's cells, how much is more than background; target after target.
    """

    packed: PackedSequence
    pictures: Tensor
    tasks: list[str]
    aims: Aims
    foreground: list[Tensor]


class Batch(NamedTuple):
    """A step's samples, the pictures that become latents (P, 3, Y, X) and the concepts in play."""

    parts: list[Part]
    pixels: Tensor
    used: list[UsedConcept]


class Batches(Dataset[Batch]):
    """The batch of every step, for one process of a team.

    Args:
        recipe: Mix and schedule.
        tokenizer: Of the network.
        team: Whom this process trains with.
    """

    def __init__(self, recipe: Recipe, tokenizer: Tokenizer, team: Team) -> None:
        self.recipe = recipe
        self.tokenizer = tokenizer
        self.team = team

    def stream(self, steps: range, makers: int) -> Iterator[Batch]:
        """Yield the batches of steps in their order.

        Args:
            steps: Which.
            makers: Processes that make them ahead; without any they are made when asked for.
        """
        if makers == 0:
            yield from map(self.__getitem__, steps)
            return
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
        """Return a step's batch."""
        recipe = self.recipe
        rng = random.Random(f"{recipe.seed} step {step} of {self.team.rank}")
        stage = recipe.stage(step)
        sampler = TaskSampler(
            self.tokenizer, recipe.config, recipe.num_concepts, rng, stage.echo_words
        )
        plans = self._plans(sampler, stage)
        chance = torch.Generator().manual_seed(rng.getrandbits(63))
        pictures, places = _pictures(plans)
        num_targets = sum(part.is_target for plan in plans for part in _latents(plan))
        times = spread_times(num_targets, recipe.timestep_shift, chance, recipe.time_spread)
        samples = laid_out(plans, recipe.config, times)
        parts = [
            self._part([plans[i] for i in part], [samples[i] for i in part], places)
            for part in _by_length(samples)
        ]
        return Batch(parts, pictures, sampler.used)

    def _plans(self, sampler: TaskSampler, stage: Stage) -> list[Plan]:
        return [
            make(stage.concept_share)
            for name, make in sampler.makers.items()
            for _ in range(self.team.share(getattr(stage, name)))
        ]

    def _part(self, plans: list[Plan], samples: list[Sample], places: dict[int, int]) -> Part:
        kept = [part for plan in plans for part in _latents(plan) if not part.dropped]
        return Part(
            packed=pack(samples, self.tokenizer.markers),
            pictures=torch.tensor([places[id(part.pixels)] for part in kept], dtype=torch.long),
            tasks=[plan.task for plan in plans],
            aims=aims_of(plans, samples),
            foreground=[cells for plan in plans for cells in plan.foreground],
        )


def _as_it_is(batch: Any) -> Any:
    return batch


def _leave_signals_to_the_parent(_maker: int) -> None:
    """Go on making batches when the terminal asks to stop: the last step still wants one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _latents(plan: Plan) -> list[Latent]:
    return [part for part in plan.parts if isinstance(part, Latent)]


def _pictures(plans: Sequence[Plan]) -> tuple[Tensor, dict[int, int]]:
    """Return all pictures that become latents, each once, and where each lies among them."""
    found = {id(part.pixels): part.pixels for plan in plans for part in _latents(plan)}
    places = {one: place for place, one in enumerate(found)}
    return torch.stack(list(found.values())) if found else torch.empty(0), places


def _by_length(samples: list[Sample]) -> list[list[int]]:
    """Split a step's samples by their rows: attention pays for the longest of a pack."""
    parts: list[list[int]] = [[] for _ in range(1 + len(_LENGTHS))]
    for i, sample in enumerate(samples):
        parts[bisect_left(_LENGTHS, sample.num_rows)].append(i)
    return [part for part in parts if part]
