"""A folder of parity vectors: a checkpoint, inputs and expected outputs by case.

`vectors.safetensors` names tensors `case.tensor`; `vectors.json` holds scalars per case and the
special token ids.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from omnipersona.model.errors import WeightsError
from omnipersona.model.omni import OmniModel
from omnipersona.model.sequence.context import Guidance
from omnipersona.model.sequence.pack import Markers
from omnipersona.model.sequence.segments import TextSegment
from omnipersona.model.weights.load import load_folder

ABSOLUTE = 2e-4
RELATIVE = 1e-3


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """One compared vector: its largest error, absolute or relative, and the tolerance."""

    name: str
    error: float
    tolerance: float

    @property
    def ok(self) -> bool:
        """Whether the error is a number within the tolerance."""
        return self.error <= self.tolerance


def near(name: str, ours: Tensor, expected: Tensor, tolerance: float = ABSOLUTE) -> Comparison:
    """Compare two tensors by their largest absolute difference; other shapes are infinitely far."""
    if ours.shape != expected.shape:
        return Comparison(name=name, error=float("inf"), tolerance=tolerance)
    error = (ours.double() - expected.double()).abs().max() if ours.numel() else torch.zeros(())
    return Comparison(name=name, error=float(error), tolerance=tolerance)


def same(name: str, ours: Any, expected: Any) -> Comparison:
    """Compare integers, given as tensors or nested lists; any difference is an error of 1."""
    lists = [v.tolist() if isinstance(v, Tensor) else v for v in (ours, expected)]
    return Comparison(name=name, error=0.0 if lists[0] == lists[1] else 1.0, tolerance=0.0)


@dataclass(frozen=True, slots=True)
class Vectors:
    """An opened folder."""

    model: OmniModel
    tensors: dict[str, Tensor]
    cases: dict[str, dict[str, Any]]
    special: dict[str, int]
    system_prompts: dict[str, Any]

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Load checkpoint and vectors.

        Raises:
            WeightsError: A file is missing or damaged.
        """
        model = load_folder(folder)
        try:
            tensors = load_file(folder / "vectors.safetensors")
            content = json.loads((folder / "vectors.json").read_text(encoding="utf-8"))
        except (OSError, SafetensorError, ValueError) as error:
            raise WeightsError(
                f"{folder} holds no readable parity vectors ({error}). "
                "Give a folder with vectors.json and vectors.safetensors."
            ) from error
        return cls(
            model,
            tensors,
            content["cases"],
            content["special_token_ids"],
            content.get("system_prompt_ids", {}),
        )

    @property
    def markers(self) -> Markers:
        """Ids around pictures."""
        return Markers(self.special["start_of_image"], self.special["end_of_image"])

    def get(self, name: str) -> Tensor:
        """Return the tensor `case.tensor`."""
        return self.tensors[name]

    def starting_with(self, prefix: str) -> Iterator[tuple[str, Tensor]]:
        """Yield names and tensors below a prefix."""
        return ((k, v) for k, v in sorted(self.tensors.items()) if k.startswith(prefix))

    def text(self, ids: Tensor | list[int], *, has_loss: bool = False) -> TextSegment:
        """Return a text segment of bare ids with begin and end around them."""
        bare = ids.tolist() if isinstance(ids, Tensor) else list(ids)
        begin, end = self.special["bos_token_id"], self.special["eos_token_id"]
        return TextSegment(ids=[begin, *bare, end], has_loss=has_loss)

    def guidance(self) -> Guidance:
        """Return three empty contexts."""
        return Guidance.empty(self.model, self.markers)
