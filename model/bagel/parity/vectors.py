"""A folder of parity vectors: a checkpoint, inputs and expected outputs by case.

`vectors.safetensors` names tensors `case.tensor`; `vectors.json` holds scalars per case and the
special token ids. The vectors are made in float32; in that type outputs are compared by their
largest absolute difference, in coarser ones by the norm of the difference against their own.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, Self

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from omnipersona.model.bagel.checkpoint.loading import load_folder
from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.bagel.sequence import Markers, TextSegment
from omnipersona.model.bagel.velocity_batch import CFGContexts
from omnipersona.model.contract import Weights
from omnipersona.model.errors import WeightsError

ABSOLUTE: Final = 2e-4
GRADIENT: Final = 1e-3

Precision = Literal["float32", "bfloat16", "int8", "float8", "nf4"]


class _Kind(NamedTuple):
    """How weights are read, and the tolerance: a share of the expected norm, None if absolute."""

    dtype: torch.dtype
    weights: Weights
    tolerance: float | None


# Shrunk matrices are multiplied in bfloat16, as on a GPU.
_KINDS: Final[dict[Precision, _Kind]] = {
    "float32": _Kind(torch.float32, "full", None),
    "bfloat16": _Kind(torch.bfloat16, "full", 0.03),
    "int8": _Kind(torch.bfloat16, "int8", 0.05),
    "float8": _Kind(torch.bfloat16, "float8", 0.12),
    "nf4": _Kind(torch.bfloat16, "nf4", 0.5),
}


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


def absolute(name: str, ours: Tensor, expected: Tensor, tolerance: float) -> Comparison:
    """Compare two tensors by their largest absolute difference; other shapes are infinitely far."""
    if ours.shape != expected.shape:
        return Comparison(name=name, error=float("inf"), tolerance=tolerance)
    error = (ours.double() - expected.double()).abs().max() if ours.numel() else torch.zeros(())
    return Comparison(name=name, error=float(error), tolerance=tolerance)


def relative(name: str, ours: Tensor, expected: Tensor, tolerance: float) -> Comparison:
    """Compare two tensors by the norm of their difference, a share of the expected norm."""
    if ours.shape != expected.shape:
        return Comparison(name=name, error=float("inf"), tolerance=tolerance)
    error = (ours.double() - expected.double()).norm() / expected.double().norm()
    return Comparison(name=name, error=float(error), tolerance=tolerance)


def same(name: str, ours: Any, expected: Any) -> Comparison:
    """Compare integers, given as tensors or nested lists; any difference is an error of 1."""
    lists = [v.tolist() if isinstance(v, Tensor) else v for v in (ours, expected)]
    return Comparison(name=name, error=0.0 if lists[0] == lists[1] else 1.0, tolerance=0.0)


@dataclass(frozen=True, slots=True)
class Vectors:
    """An opened folder; `tolerance` is relative, None in float32."""

    model: OmniModel
    tolerance: float | None
    tensors: dict[str, Tensor]
    cases: dict[str, dict[str, Any]]
    special: dict[str, int]
    system_prompts: dict[str, Any]

    @classmethod
    def open(cls, folder: Path, precision: Precision = "float32") -> Self:
        """Load checkpoint and vectors.

        Raises:
            WeightsError: A file is missing or damaged, or a type needs a missing package.
        """
        kind = _KINDS[precision]
        model = load_folder(folder, dtype=kind.dtype, weights=kind.weights)
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
            kind.tolerance,
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

    def near(self, name: str, ours: Tensor, exact: float = ABSOLUTE) -> Comparison:
        """Compare with the tensor `case.tensor`; `exact` is the tolerance in float32."""
        return self.close(name, ours, self.get(name), exact)

    def close(
        self, name: str, ours: Tensor, expected: Tensor, exact: float = ABSOLUTE
    ) -> Comparison:
        """Compare two tensors as the precision has it."""
        if self.tolerance is None:
            return absolute(name, ours, expected, exact)
        return relative(name, ours, expected, self.tolerance)

    def chosen(self, name: str, ours: Tensor, expected: Tensor, logits: Tensor) -> Comparison:
        """Compare chosen ids with the expected ones (n,), which were chosen by `logits` (n, V).

        A coarser type may choose another token where two are nearly as likely: the error is then
        the smallest change of a row of logits, as a share of its norm, that chooses as expected.
        """
        if self.tolerance is None:
            return same(name, ours, expected)
        best, picked = logits.max(-1).values, logits.gather(-1, expected[:, None])[:, 0]
        needed = (best - picked) / (2**0.5 * logits.norm(dim=-1))
        return Comparison(name=name, error=float(needed.max()), tolerance=self.tolerance)

    def text(self, ids: Tensor | list[int], *, has_loss: bool = False) -> TextSegment:
        """Return a text segment of bare ids with begin and end around them."""
        bare = ids.tolist() if isinstance(ids, Tensor) else list(ids)
        begin, end = self.special["bos_token_id"], self.special["eos_token_id"]
        return TextSegment(ids=[begin, *bare, end], has_loss=has_loss)

    def guidance(self) -> CFGContexts:
        """Return three empty contexts."""
        return CFGContexts.empty(self.model, self.markers)
