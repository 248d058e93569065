"""Joining the team that a launcher such as torchrun started, or being alone.

Knows the launcher's variables. Does not know what the team does.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist

from omnipersona.model.team import ALONE, Team


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
