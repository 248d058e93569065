"""A rolling pool of ready batches on the device, each used several times.

Drawing a sample costs a tenth of learning from it on a core, and far more than that beside a GPU.
But of a picture's loss only the noise and its time need to be new; so a batch whose pictures are
latents already serves several steps, and the oldest makes room for a new one. Knows batches and
the autoencoder that makes latents of pictures. Does not know losses.
"""

import random
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from itertools import count
from queue import Full, Queue
from typing import Any, Final, TypeVar

import torch
from torch import Tensor

from omnipersona.model.bagel.flow.matching import spread_times
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.sequence import PackedSequence
from omnipersona.model.bagel.vae import to_tokens
from omnipersona.training.samples.dataloader import Batch, Batches, Part, as_pixels

T = TypeVar("T")

_FILLED: Final = 0.25  # of a fed pool, before its first batch is used
_ENCODED_AT_ONCE: Final = 256
_PATIENCE: Final = 0.2  # seconds between two looks at whether the run has ended


class Pool:
    """Batches for the steps of a run.

    Args:
        batches: What is made.
        model: Its autoencoder makes latents; tells the device.
        size: Batches that are kept.
        uses: Steps between two new ones; where other processes make them, they come when they come.
        makers: Processes that make batches ahead; without any they are made here, when due, so that
            the batch of a step depends on its number alone.
        first: Step of the run's beginning.

    Attributes:
        waited: Seconds spent making or awaiting batches so far.
        num_new: Batches that came into the pool so far.
    """

    def __init__(
        self,
        batches: Batches,
        model: OmniModel,
        *,
        size: int,
        uses: int,
        makers: int = 0,
        first: int = 0,
    ) -> None:
        self.batches = batches
        self.model = model
        self.size = size
        self.uses = uses
        self.waited = 0.0
        self.num_new = 0
        self._own: dict[int, Batch] = {}
        self._fed: deque[Batch] = deque(maxlen=size)
        self._queue: Queue[Batch] | None = None
        self._feeder: threading.Thread | None = None
        self._ended = threading.Event()
        if makers:
            self._queue = Queue(maxsize=2)
            steps = count(first * uses)
            feed = self.batches.made_ahead(steps, makers)
            self._feeder = threading.Thread(target=_feed, args=(feed, self._queue, self._ended))
            self._feeder.start()

    def take(self, step: int) -> Batch:
        """Return a batch for a step."""
        started = time.monotonic()
        kept = self._rolled(step) if self._queue is None else self._received(self._queue)
        self.waited += time.monotonic() - started
        return random.Random(f"{self.batches.recipe.seed} use {step}").choice(kept)

    def close(self) -> None:
        """End the processes that make batches; without this the program would wait for them."""
        self._ended.set()
        if self._feeder is not None:
            self._feeder.join()

    def _rolled(self, step: int) -> list[Batch]:
        """Return the pool as it is at a step; what is missing is made."""
        newest = step // self.uses
        wanted = range(max(0, newest - self.size + 1), newest + 1)
        self._own = {number: one for number, one in self._own.items() if number in wanted}
        for number in wanted:
            if number not in self._own:
                self._own[number] = self._ready(self.batches[number * self.uses])
        return [self._own[number] for number in wanted]

    def _received(self, queue: "Queue[Batch]") -> list[Batch]:
        """Take what has come; wait only while the pool is all but empty."""
        least = max(1, round(_FILLED * self.size))
        # What comes in the meantime is left for the next step, or a fast feed would never end.
        for _ in range(max(queue.qsize(), least - len(self._fed))):
            self._fed.append(self._ready(queue.get()))
        return list(self._fed)

    def _ready(self, batch: Batch) -> Batch:
        """Return a batch on the device, with clean latents in its packs."""
        self.num_new += 1
        batch = moved(batch, self.model.device)
        if len(batch.pixels):
            latents = _latents(self.model, batch.pixels)
            parts = [_with_latents(part, latents) for part in batch.parts]
            batch = batch._replace(parts=parts, pixels=batch.pixels[:0])
        return batch


def noisy(part: Part, times: Tensor, noise: torch.Generator) -> PackedSequence:
    """Return a part's pack with noise and times at its targets.

    Args:
        part: Of a batch in the pool.
        times: Of the batch's targets, (targets,), on the part's device.
        noise: On that device.
    """
    latents = part.packed.latents
    if latents is None:
        return part.packed
    is_target = part.packed.is_target[:, None]
    drawn = torch.randn(latents.tokens.shape, generator=noise, device=latents.tokens.device)
    t = times[part.targets.clamp_min(0)][:, None]
    return replace(part.packed, latents=replace(latents, noise=drawn * is_target, t=t * is_target))


def fresh_times(count: int, shift: float, spread: float, seed: int, device: torch.device) -> Tensor:
    """Return times of so many targets, spread evenly over a step, (count,), on a device."""
    chance = torch.Generator().manual_seed(seed)
    return spread_times(max(1, count), shift, chance, spread).to(device)


def moved(value: T, device: torch.device) -> T:
    """Return tuples, lists and dataclasses with all their tensors on a device."""
    found: Any = value
    if isinstance(value, Tensor):
        found = value.to(device)
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        found = type(value)(*(moved(one, device) for one in value))
    elif isinstance(value, list | tuple):
        found = type(value)(moved(one, device) for one in value)
    elif is_dataclass(value) and not isinstance(value, type):
        parts = {one.name: moved(getattr(value, one.name), device) for one in fields(value)}
        found = replace(value, **parts)
    return found


@torch.no_grad()
def _latents(model: OmniModel, pixels: Tensor) -> Tensor:
    """Return the clean latent tokens of pictures, (P, T, E)."""
    pieces = pixels.split(_ENCODED_AT_ONCE)
    found = torch.cat([model.autoencoder.encode(as_pixels(piece)) for piece in pieces])
    patch = model.config.latent_patch_size
    return torch.stack([to_tokens(one, patch) for one in found])


def _with_latents(part: Part, latents_PTE: Tensor) -> Part:
    latents = part.packed.latents
    if latents is None:
        return part
    filled = replace(
        latents,
        tokens=latents_PTE[part.pictures].flatten(0, 1),
        source=latents_PTE[part.sources].flatten(0, 1),
    )
    return part._replace(packed=replace(part.packed, latents=filled))


def _feed(batches: Iterator[Batch], queue: "Queue[Batch]", ended: threading.Event) -> None:
    for batch in batches:
        while not ended.is_set():
            try:
                queue.put(batch, timeout=_PATIENCE)
                break
            except Full:
                continue
        if ended.is_set():
            return
