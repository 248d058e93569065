"""Which device and number type the network uses, and why."""

import os
from dataclasses import dataclass
from typing import Self

import torch


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
        ValueError: The device is unknown or not there.
    """
    if wanted not in ("auto", "cpu", "cuda", "mps"):
        raise ValueError(f"device is '{wanted}'; it must be auto, cpu, cuda or mps")
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ValueError("device is 'cuda', but PyTorch sees no CUDA GPU; use device 'auto'")
    if wanted == "mps" and not torch.backends.mps.is_available():
        raise ValueError("device is 'mps', but PyTorch sees no Apple GPU; use device 'auto'")
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
