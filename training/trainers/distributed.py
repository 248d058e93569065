"""Starting a team of processes on one machine, a thread each.

Faster than threads on small matrices, and other work on the machine slows it only in proportion.
Knows how processes begin and end. Does not know what they do.
"""

import logging
import multiprocessing
import os
import threading
from collections.abc import Callable
from tempfile import TemporaryDirectory
from typing import Any

import torch
import torch.distributed as dist
from torch.multiprocessing.spawn import spawn

from omnipersona.model.engine.distributed import ALONE, Team
from omnipersona.training.trainers.stopping import heeding_signals


def run_team(size: int, work: Callable[..., None], *args: Any) -> None:
    """Run `work(team, *args)` in `size` processes, one thread each; wait for all.

    SIGTERM and SIGINT only ask them to stop (`stopping`).

    Raises:
        Exception: Of the first process that fails.
    """
    if size == 1:
        with heeding_signals():
            work(ALONE, *args)
        return
    with TemporaryDirectory() as folder:
        meeting = f"file://{folder}/meeting"
        running = spawn(_member, args=(size, meeting, work, args), nprocs=size, join=False)
        assert running is not None, "only a joined spawn returns nothing"
        with heeding_signals(running.pids()):
            while not running.join():
                pass


def _member(
    rank: int, size: int, meeting: str, work: Callable[..., None], args: tuple[Any, ...]
) -> None:
    threading.Thread(target=_die_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=size)
    try:
        with heeding_signals():
            work(Team(rank, size), *args)
    finally:
        dist.destroy_process_group()


def _die_with_parent() -> None:
    """End this process when the one that started it is gone, however that came about."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
