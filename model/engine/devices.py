"""Which device computes, how much memory it has, and which number types it multiplies in.

Knows torch's devices. Does not know models. In training, weights, moments, norms and losses stay
float32.
"""

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self, TypeVar

import torch

from omnipersona.model.errors import DeviceError, OutOfMemory

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """Where and in which type the network computes; `reason` is for the log."""

    name: str
    dtype: torch.dtype
    reason: str

    @classmethod
    def of_cpu(cls) -> Self:
        """Return the processor."""
        reason = "CPU: float32, the same on every processor"
        return cls(name="cpu", dtype=torch.float32, reason=reason)

    @property
    def dtype_name(self) -> str:
        """E.g. `float32`."""
        return str(self.dtype).removeprefix("torch.")


def pick_device(wanted: str = "auto") -> Device:
    """Choose a device.

    Args:
        wanted: `auto`, `cpu`, `cuda` or `mps`.

    Raises:
        DeviceError: The device is unknown or not there.
    """
    if wanted not in ("auto", "cpu", "cuda", "mps"):
        raise DeviceError(f"device is '{wanted}'; it must be auto, cpu, cuda or mps")
    if wanted == "cuda" and not torch.cuda.is_available():
        raise DeviceError("device is 'cuda', but PyTorch sees no CUDA GPU; use another")
    if wanted == "mps" and not torch.backends.mps.is_available():
        raise DeviceError("device is 'mps', but PyTorch sees no Apple GPU; use another")
    if wanted in ("auto", "cuda") and torch.cuda.is_available():
        return Device(name="cuda", dtype=torch.bfloat16, reason="CUDA GPU: bfloat16 as published")
    if wanted == "mps":
        return Device(name="mps", dtype=torch.float32, reason="Apple GPU: float32")
    return Device.of_cpu()


def memory_of(device: str) -> int:
    """Return the bytes of a device; a CPU and an Apple GPU have the machine's memory."""
    if device.startswith("cuda"):
        return int(torch.cuda.get_device_properties(device).total_memory)
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def within_memory(start: Callable[[], Iterator[T]], device: str) -> Iterator[T]:
    """Yield a job's steps; where the memory of `device` ends, give back what the job took.

    Raises:
        OutOfMemory: The device has no room for the next step.
    """
    try:
        yield from start()
    except (torch.OutOfMemoryError, MemoryError) as error:
        logger.warning("out of memory on %s: %s", device, str(error))
    else:
        return
    # The error held the job's tensors; only now, after it is gone, can they be given back.
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    raise OutOfMemory(
        f"The memory of {device} does not suffice for this. Ask for a smaller picture or send "
        "fewer photos; `omnipersona doctor` says what fits."
    )


def multiplies_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 natively; others emulate it, far slower."""
    return bool(torch.cpu.get_capabilities().get("avx512_bf16", False))


def training_precision(device: str = "cpu") -> torch.autocast:
    """Return a context in which matrices are multiplied in bfloat16 where that is faster."""
    return torch.autocast(device, torch.bfloat16, enabled=device != "cpu" or multiplies_bfloat16())
