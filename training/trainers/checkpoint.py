"""Training state on disk: weights, optimiser and position, written whole or not at all.

Everything is safetensors; nothing is pickled. Also the CSV log of a run.
"""

import csv
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from omnipersona.model.errors import WeightsError


def save_state(
    stem: Path, model: nn.Module, optimizer: torch.optim.Optimizer | None, step: int
) -> None:
    """Write `stem`.safetensors: weights, optimiser moments and the number of steps done."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    tensors = {f"model.{k}": v.detach().contiguous() for k, v in model.state_dict().items()}
    for i, parameter in enumerate(_parameters(optimizer)):
        assert optimizer is not None, "only an optimiser has parameters"
        for name, value in optimizer.state.get(parameter, {}).items():
            tensors[f"optimizer.{i}.{name}"] = torch.as_tensor(value).detach().contiguous()
    partial = stem.with_suffix(".partial")
    save_file(tensors, partial, metadata={"step": str(step)})
    partial.replace(stem.with_suffix(".safetensors"))


def has_state(stem: Path) -> bool:
    """Whether `save_state` wrote here."""
    return stem.with_suffix(".safetensors").exists()


def done_steps(stem: Path) -> int:
    """Return the number of steps that `save_state` wrote here."""
    with safe_open(stem.with_suffix(".safetensors"), framework="pt") as file:
        return int(file.metadata()["step"])


def load_state(stem: Path, model: nn.Module, optimizer: torch.optim.Optimizer | None) -> int:
    """Read what `save_state` wrote into model and optimiser; return the steps done, 0 if none.

    Raises:
        WeightsError: The moments are of parameters of other shapes.
    """
    path = stem.with_suffix(".safetensors")
    if not path.exists():
        return 0
    tensors = load_file(path)
    model.load_state_dict(
        {k.removeprefix("model."): v for k, v in tensors.items() if k.startswith("model.")}
    )
    for i, parameter in enumerate(_parameters(optimizer)):
        prefix = f"optimizer.{i}."
        found = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
        if any(value.dim() and value.shape != parameter.shape for value in found.values()):
            raise WeightsError(
                f"{path} holds moments of other parameters than this network's. Begin from its "
                "checkpoint folder with --start and another --state."
            )
        if found and optimizer is not None:
            optimizer.state[parameter] = {k: v.to(parameter.device) for k, v in found.items()}
    return done_steps(stem)


def _parameters(optimizer: torch.optim.Optimizer | None) -> list[Tensor]:
    if optimizer is None:
        return []
    return [p for group in optimizer.param_groups for p in group["params"]]


class CsvLog:
    """A growing table on disk; opened per line, so that a cut loses nothing."""

    def __init__(self, path: Path, columns: tuple[str, ...]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        if not path.exists():
            self._append(columns)

    def write(self, *values: Any) -> None:
        """Append one line; floats are shortened to six digits."""
        self._append(tuple(f"{v:.6g}" if isinstance(v, float) else v for v in values))

    def _append(self, values: tuple[Any, ...]) -> None:
        with self.path.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerow(values)
            file.flush()
            os.fsync(file.fileno())
