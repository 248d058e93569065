"""Data parallelism: each process draws its own samples, and gradients are averaged every step.

Knows processes, gradients and the variables of a launcher such as torchrun. Does not know what is
trained. One process alone is a team, too.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import torch
import torch.distributed as dist
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Team:
    """One process's view of its team.

    Attributes:
        rank: From 0; rank 0 logs and saves.
        size: Processes.
    """

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process logs and saves."""
        return self.rank == 0

    def share(self, count: int) -> int:
        """Return how many of `count` samples are this process's."""
        return (count + self.size - 1 - self.rank) // self.size

    def average(self, parameters: Sequence[nn.Parameter]) -> None:
        """Replace dense gradients by their mean over the team; a missing one counts as zero."""
        if self.size == 1:
            return
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        grads = [parameter.grad for parameter in parameters if parameter.grad is not None]
        flat = torch.cat([grad.flatten() for grad in grads])
        dist.all_reduce(flat)
        flat /= self.size
        sizes = [grad.numel() for grad in grads]
        for grad, mean in zip(grads, flat.split(sizes), strict=True):
            grad.copy_(mean.view_as(grad))

    def add(self, values: Tensor) -> None:
        """Replace values by their sum over the team."""
        if self.size > 1:
            dist.all_reduce(values)

    def average_rows(self, table: Tensor) -> None:
        """Replace the sparse gradient of an embedding by its mean over the team."""
        if self.size == 1:
            return
        mine = None
        if table.grad is not None:
            grad = table.grad.coalesce()
            mine = (grad.indices(), grad.values())
        found: list[tuple[Tensor, Tensor] | None] = [None] * self.size
        dist.all_gather_object(found, mine)
        parts = [part for part in found if part is not None]
        if parts:
            indices = torch.cat([indices for indices, _ in parts], dim=1)
            values = torch.cat([values for _, values in parts]) / self.size
            mean = torch.sparse_coo_tensor(indices, values, table.shape, check_invariants=True)
            table.grad = mean.coalesce()

    def agrees(self, wish: bool) -> bool:
        """Return the leader's wish, the same in every process."""
        if self.size == 1:
            return wish
        flag = torch.tensor([int(wish)])
        dist.broadcast(flag, src=0)
        return bool(flag.item())


ALONE: Final = Team()


@contextmanager
def joined_team() -> Iterator[Team]:
    """Be a member of the launcher's team, on a GPU of one's own where there is one."""
    if "LOCAL_RANK" not in os.environ:
        yield ALONE
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    # Learned tokens and their gradients lie on the host, whatever the model lies on.
    dist.init_process_group("gloo")
    try:
        yield Team(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()
